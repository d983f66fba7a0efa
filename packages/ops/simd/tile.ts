// The heart of the product: a tile of 5 × 8 numbers in ten vector registers, of packed operands. Five rows, because ten sums, two
// vectors of B and one of A are what fits into the 15 registers that V8 gives to x86-64; six rows spill.

/** Rows of a tile. */
export const tileRows: i32 = 5;
/** Columns of a tile. */
export const tileColumns: i32 = 8;

/**
 * to ← from + a·b. `a` is packed [k][5], `b` [k][8]; `from` and `to` are 5 rows of 8 at their strides (a stride of 0 repeats a row).
 */
export function tile(a: usize, b: usize, k: i32, from: usize, fromStride: usize, to: usize, toStride: usize): void {
  let p = from;
  let c00 = v128.load(p);
  let c01 = v128.load(p, 16);
  p += fromStride;
  let c10 = v128.load(p);
  let c11 = v128.load(p, 16);
  p += fromStride;
  let c20 = v128.load(p);
  let c21 = v128.load(p, 16);
  p += fromStride;
  let c30 = v128.load(p);
  let c31 = v128.load(p, 16);
  p += fromStride;
  let c40 = v128.load(p);
  let c41 = v128.load(p, 16);
  while (k > 0) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    c01 = f32x4.add(c01, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    c11 = f32x4.add(c11, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    c21 = f32x4.add(c21, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(s, b0));
    c31 = f32x4.add(c31, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 16);
    c40 = f32x4.add(c40, f32x4.mul(s, b0));
    c41 = f32x4.add(c41, f32x4.mul(s, b1));
    a += 20;
    b += 32;
    k--;
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  to += toStride;
  v128.store(to, c10);
  v128.store(to, c11, 16);
  to += toStride;
  v128.store(to, c20);
  v128.store(to, c21, 16);
  to += toStride;
  v128.store(to, c30);
  v128.store(to, c31, 16);
  to += toStride;
  v128.store(to, c40);
  v128.store(to, c41, 16);
}
