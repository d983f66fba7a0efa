// C ← start + scale·A·B for operands of any strides, in blocks that stay in the caches (the scheme of Goto and van de Geijn, ACM TOMS
// 34(3), 2008). Sums run in one order whatever else happens, so equal operands give equal bits.
import { packColumns, packRows } from './pack';
import { tile, tileColumns, tileRows } from './tile';

/** The largest blocks: rows of A, the inner axis, columns of B. */
const blockRows: i32 = 160;
const blockInner: i32 = 384;
const blockColumns: i32 = 512;

/** Where the parts of the scratch begin: a row of zeros, a tile for the edges, the packed block of A, that of B. */
const edgeAt: usize = 32;
const rowsAt: usize = 256;
const columnsAt: usize = rowsAt + <usize>(blockRows * blockInner * 4);

/** Bytes of the scratch. */
export const productScratchBytes: usize = columnsAt + <usize>(blockInner * blockColumns * 4);

/** A tile that hangs over the edge goes by way of the scratch. */
function edgeTile(
  a: usize,
  b: usize,
  k: i32,
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  rows: i32,
  columns: i32,
  scratch: usize,
): void {
  const edge = scratch + edgeAt;
  for (let r: i32 = 0; r < rows; r++)
    for (let c: i32 = 0; c < columns; c++)
      store<f32>(edge + <usize>(r * 32 + c * 4), load<f32>(from + <usize>r * fromStride + <usize>(c * 4)));
  tile(a, b, k, edge, 32, edge, 32);
  for (let r: i32 = 0; r < rows; r++)
    for (let c: i32 = 0; c < columns; c++)
      store<f32>(to + <usize>r * toStride + <usize>(c * 4), load<f32>(edge + <usize>(r * 32 + c * 4)));
}

/** All tiles of one packed block. */
function block(
  rows: i32,
  columns: i32,
  k: i32,
  from: usize,
  fromStride: usize,
  columnStep: usize,
  to: usize,
  toStride: usize,
  scratch: usize,
): void {
  let b = scratch + columnsAt;
  for (let c: i32 = 0; c < columns; c += tileColumns, b += <usize>(k << 5)) {
    let a = scratch + rowsAt;
    const cFrom = from + <usize>c * columnStep;
    const cTo = to + <usize>(c * 4);
    const wide = c + tileColumns <= columns;
    for (let r: i32 = 0; r < rows; r += tileRows, a += <usize>(k * 20)) {
      const tileFrom = cFrom + <usize>r * fromStride;
      const tileTo = cTo + <usize>r * toStride;
      if (wide && r + tileRows <= rows) tile(a, b, k, tileFrom, fromStride, tileTo, toStride);
      else {
        const height = min(tileRows, rows - r);
        const width = min(tileColumns, columns - c);
        edgeTile(a, b, k, tileFrom, fromStride, tileTo, toStride, height, width, scratch);
      }
    }
  }
}

/** About equal parts of at most `most`. */
function part(size: i32, most: i32): i32 {
  const parts = (size + most - 1) / most;
  return (size + parts - 1) / parts;
}

/**
 * c [m, n] ← start + scale·a·b with a [m, k], b [k, n]; sizes of 1 or more.
 * @param start address of what the sums begin with, rows `startStride` bytes apart (0: one row for all, a bias); 0 for zeros; c for adding up
 * @param cStride bytes between the rows of c, whose columns are contiguous
 * @param scratch {@link productScratchBytes}
 */
export function gemm(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  aRow: usize,
  aInner: usize,
  b: usize,
  bInner: usize,
  bColumn: usize,
  c: usize,
  cStride: usize,
  scale: f32,
  start: usize,
  startStride: usize,
  scratch: usize,
): void {
  v128.store(scratch, f32x4.splat(0));
  v128.store(scratch, f32x4.splat(0), 16);
  const inner = part(k, blockInner);
  const columns = part(n, blockColumns);
  for (let k0: i32 = 0; k0 < k; k0 += inner) {
    const kNow = min(inner, k - k0);
    for (let n0: i32 = 0; n0 < n; n0 += columns) {
      const nNow = min(columns, n - n0);
      packColumns(b + <usize>k0 * bInner + <usize>n0 * bColumn, bInner, bColumn, nNow, kNow, scratch + columnsAt);
      for (let m0: i32 = 0; m0 < m; m0 += blockRows) {
        const mNow = min(blockRows, m - m0);
        packRows(a + <usize>m0 * aRow + <usize>k0 * aInner, aRow, aInner, mNow, kNow, scale, scratch + rowsAt);
        const to = c + <usize>m0 * cStride + <usize>(n0 * 4);
        if (k0 > 0) block(mNow, nNow, kNow, to, cStride, 4, to, cStride, scratch);
        else if (start === 0) block(mNow, nNow, kNow, scratch, 0, 0, to, cStride, scratch);
        else
          block(
            mNow,
            nNow,
            kNow,
            start + <usize>m0 * startStride + <usize>(n0 * 4),
            startStride,
            4,
            to,
            cStride,
            scratch,
          );
      }
    }
  }
}
