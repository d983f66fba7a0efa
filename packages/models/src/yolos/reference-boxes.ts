/**
 * Reference boxes of detection tokens: a token's box is σ(network(token) + logit(its reference)), so that from the first step each
 * token answers for a place of its own, as the queries of DAB-DETR (arXiv 2201.12329) and Deformable DETR (arXiv 2010.04159) do. A
 * YOLOS has to learn where its tokens look from nothing, which a small data set does not teach. New references lie on a grid, and
 * their tokens begin at the pretrained positions of these places.
 */
import type { HostTensor } from '../checkpoint/decode.ts';
import { type Grid, resamplePlaces } from '../transformer/resample.ts';
import type { PictureSize } from './spec.ts';

/** Of the cells of the grid: neighbours overlap. */
const overlap = 1.5;

/** How many references each row of the grid has, from the top: rows as far apart as the places within one, about. */
export function referenceRows(count: number, [height, width]: PictureSize): number[] {
  const rows = Math.min(count, Math.max(1, Math.round(Math.sqrt((count * height) / width))));
  return Array.from({ length: rows }, (_, r) => Math.floor(((r + 1) * count) / rows) - Math.floor((r * count) / rows));
}

const logit = (share: number): number => Math.log(share / (1 - share));

/** [count × 4], the logits of centre x, centre y, width, height. */
export function referenceBoxes(count: number, size: PictureSize): Float32Array {
  const rows = referenceRows(count, size);
  return Float32Array.from(
    rows.flatMap((columns, r) =>
      Array.from({ length: columns }, (_, c) =>
        [
          (c + 0.5) / columns,
          (r + 0.5) / rows.length,
          Math.min(0.9, overlap / columns),
          Math.min(0.9, overlap / rows.length),
        ].map(logit),
      ).flat(),
    ),
  );
}

/** The positions [count, width] at the references' centres, from a table [1, before + rows·columns, width] of a grid. */
export function referencePositions(
  count: number,
  size: PictureSize,
  table: HostTensor,
  before: number,
  grid: Grid,
): Float32Array {
  const width = table.shape[2] as number;
  const rows = referenceRows(count, size);
  const values = new Float32Array(count * width);
  let at = 0;
  for (const [r, columns] of rows.entries()) {
    const { data } = resamplePlaces(table, { before }, grid, [rows.length, columns]);
    const from = (before + r * columns) * width;
    values.set(data.subarray(from, from + columns * width), at);
    at += columns * width;
  }
  return values;
}
