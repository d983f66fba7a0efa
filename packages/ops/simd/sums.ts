// Sums of columns.

/** Rows that are summed before their sum is added to the others': sums of sums lose fewer digits. */
const together: i32 = 32;

/** to ← Σ over rows of d [rows, width]. */
export function columnSums(d: usize, rows: i32, width: i32, to: usize): void {
  const stride = <usize>(width << 2);
  memory.fill(to, 0, stride);
  for (let r: i32 = 0; r < rows; r += together, d += <usize>together * stride) {
    const now = min(together, rows - r);
    let c: i32 = 0;
    for (; c + 8 <= width; c += 8) {
      let at = d + <usize>(c << 2);
      let sum = v128.load(at);
      let next = v128.load(at, 16);
      for (let i: i32 = 1; i < now; i++) {
        at += stride;
        sum = f32x4.add(sum, v128.load(at));
        next = f32x4.add(next, v128.load(at, 16));
      }
      const cTo = to + <usize>(c << 2);
      v128.store(cTo, f32x4.add(v128.load(cTo), sum));
      v128.store(cTo, f32x4.add(v128.load(cTo, 16), next), 16);
    }
    for (; c < width; c++) {
      let at = d + <usize>(c << 2);
      let sum = load<f32>(at);
      for (let i: i32 = 1; i < now; i++) {
        at += stride;
        sum += load<f32>(at);
      }
      const cTo = to + <usize>(c << 2);
      store<f32>(cTo, load<f32>(cTo) + sum);
    }
  }
}
