// What is done with whole states: the dual-residual update and its inverse (arXiv 2401.04105, section 3), and sums of columns.

/** next = β·previous + (α·x + f), in the order of the composed operations, so that the bits are theirs. */
export function update(f: usize, x: usize, previous: usize, alpha: f32, beta: f32, size: i32, next: usize): void {
  const a = f32x4.splat(alpha);
  const b = f32x4.splat(beta);
  let at: usize = 0;
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4, at += 16) {
    let sum = v128.load(f + at);
    if (alpha !== 0) sum = f32x4.add(f32x4.mul(a, v128.load(x + at)), sum);
    if (beta !== 0) sum = f32x4.add(f32x4.mul(b, v128.load(previous + at)), sum);
    v128.store(next + at, sum);
  }
  for (; i < size; i++, at += 4) {
    let sum = load<f32>(f + at);
    if (alpha !== 0) sum = alpha * load<f32>(x + at) + sum;
    if (beta !== 0) sum = beta * load<f32>(previous + at) + sum;
    store<f32>(next + at, sum);
  }
}

/** previous = (next − f − α·x)/β */
export function inverse(next: usize, f: usize, x: usize, alpha: f32, beta: f32, size: i32, previous: usize): void {
  const a = f32x4.splat(alpha);
  const b = f32x4.splat(beta);
  let at: usize = 0;
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4, at += 16) {
    let rest = f32x4.sub(v128.load(next + at), v128.load(f + at));
    if (alpha !== 0) rest = f32x4.sub(rest, f32x4.mul(a, v128.load(x + at)));
    v128.store(previous + at, f32x4.div(rest, b));
  }
  for (; i < size; i++, at += 4) {
    let rest = load<f32>(next + at) - load<f32>(f + at);
    if (alpha !== 0) rest = rest - alpha * load<f32>(x + at);
    store<f32>(previous + at, rest / beta);
  }
}

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
