// Copies blocks of the operands of a product into the order in which the tile reads them, whatever their strides: a transposed
// operand costs no more than a plain one.

/** Four columns of a 4 × 4 block become rows: [i][0…3] of `r0` … `r3`. */
function column(r0: v128, r1: v128, r2: v128, r3: v128, i: i32): v128 {
  // Two shuffles a half, chosen at compile time by the inliner.
  const low01 = i < 2 ? v128.shuffle<f32>(r0, r1, 0, 4, 1, 5) : v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const low23 = i < 2 ? v128.shuffle<f32>(r2, r3, 0, 4, 1, 5) : v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  return (i & 1) === 0 ? v128.shuffle<f32>(low01, low23, 0, 1, 4, 5) : v128.shuffle<f32>(low01, low23, 2, 3, 6, 7);
}

/** Five rows at `a` of which only `rows` are there, [k][5] times `scale`; zeros for the rest. */
function edgeRows(a: usize, rowStride: usize, innerStride: usize, rows: i32, k: i32, scale: f32, to: usize): void {
  for (let p: i32 = 0; p < k; p++, a += innerStride, to += 20)
    for (let r: i32 = 0; r < 5; r++)
      store<f32>(to + ((<usize>r) << 2), r < rows ? load<f32>(a + <usize>r * rowStride) * scale : 0);
}

/** Five whole rows whose inner axis is contiguous. */
function plainRows(a: usize, rowStride: usize, k: i32, scale: f32, to: usize): void {
  const s = f32x4.splat(scale);
  const a1 = a + rowStride;
  const a2 = a1 + rowStride;
  const a3 = a2 + rowStride;
  const a4 = a3 + rowStride;
  let at: usize = 0;
  let p: i32 = 0;
  for (; p + 4 <= k; p += 4, at += 16, to += 80) {
    const r0 = f32x4.mul(v128.load(a + at), s);
    const r1 = f32x4.mul(v128.load(a1 + at), s);
    const r2 = f32x4.mul(v128.load(a2 + at), s);
    const r3 = f32x4.mul(v128.load(a3 + at), s);
    const r4 = f32x4.mul(v128.load(a4 + at), s);
    v128.store(to, column(r0, r1, r2, r3, 0));
    store<f32>(to, f32x4.extract_lane(r4, 0), 16);
    v128.store(to, column(r0, r1, r2, r3, 1), 20);
    store<f32>(to, f32x4.extract_lane(r4, 1), 36);
    v128.store(to, column(r0, r1, r2, r3, 2), 40);
    store<f32>(to, f32x4.extract_lane(r4, 2), 56);
    v128.store(to, column(r0, r1, r2, r3, 3), 60);
    store<f32>(to, f32x4.extract_lane(r4, 3), 76);
  }
  edgeRows(a + at, rowStride, 4, 5, k - p, scale, to);
}

/** Five whole rows that lie side by side: the operand is transposed. */
function turnedRows(a: usize, innerStride: usize, k: i32, scale: f32, to: usize): void {
  const s = f32x4.splat(scale);
  for (let p: i32 = 0; p < k; p++, a += innerStride, to += 20) {
    v128.store(to, f32x4.mul(v128.load(a), s));
    store<f32>(to, load<f32>(a, 16) * scale, 16);
  }
}

/** `rows` rows of A, `k` of its inner axis, times `scale`, as panels [k][5]. */
export function packRows(
  a: usize,
  rowStride: usize,
  innerStride: usize,
  rows: i32,
  k: i32,
  scale: f32,
  to: usize,
): void {
  const panel = <usize>(k * 20);
  for (let r: i32 = 0; r < rows; r += 5, a += 5 * rowStride, to += panel) {
    if (r + 5 > rows) edgeRows(a, rowStride, innerStride, rows - r, k, scale, to);
    else if (innerStride === 4) plainRows(a, rowStride, k, scale, to);
    else if (rowStride === 4) turnedRows(a, innerStride, k, scale, to);
    else edgeRows(a, rowStride, innerStride, 5, k, scale, to);
  }
}

/** Eight columns at `b` of which only `columns` are there, [k][8]; zeros for the rest. */
function edgeColumns(b: usize, innerStride: usize, columnStride: usize, columns: i32, k: i32, to: usize): void {
  for (let p: i32 = 0; p < k; p++, b += innerStride, to += 32)
    for (let c: i32 = 0; c < 8; c++)
      store<f32>(to + ((<usize>c) << 2), c < columns ? load<f32>(b + <usize>c * columnStride) : 0);
}

function plainColumns(b: usize, innerStride: usize, k: i32, to: usize): void {
  for (let p: i32 = 0; p < k; p++, b += innerStride, to += 32) {
    v128.store(to, v128.load(b));
    v128.store(to, v128.load(b, 16), 16);
  }
}

/** Four columns of four of the eight. */
function turnedQuad(b: usize, columnStride: usize, to: usize): void {
  const r0 = v128.load(b);
  const r1 = v128.load(b + columnStride);
  const r2 = v128.load(b + 2 * columnStride);
  const r3 = v128.load(b + 3 * columnStride);
  v128.store(to, column(r0, r1, r2, r3, 0));
  v128.store(to, column(r0, r1, r2, r3, 1), 32);
  v128.store(to, column(r0, r1, r2, r3, 2), 64);
  v128.store(to, column(r0, r1, r2, r3, 3), 96);
}

function turnedColumns(b: usize, columnStride: usize, k: i32, to: usize): void {
  let p: i32 = 0;
  for (; p + 4 <= k; p += 4, b += 16, to += 128) {
    turnedQuad(b, columnStride, to);
    turnedQuad(b + 4 * columnStride, columnStride, to + 16);
  }
  edgeColumns(b, 4, columnStride, 8, k - p, to);
}

/** `columns` columns of B, `k` of its inner axis, as panels [k][8]. */
export function packColumns(b: usize, innerStride: usize, columnStride: usize, columns: i32, k: i32, to: usize): void {
  const panel = <usize>(k << 5);
  for (let c: i32 = 0; c < columns; c += 8, b += 8 * columnStride, to += panel) {
    if (c + 8 > columns) edgeColumns(b, innerStride, columnStride, columns - c, k, to);
    else if (columnStride === 4) plainColumns(b, innerStride, k, to);
    else if (innerStride === 4) turnedColumns(b, columnStride, k, to);
    else edgeColumns(b, innerStride, columnStride, 8, k, to);
  }
}
