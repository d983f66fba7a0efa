/** What denoising queries (DINO, arXiv 2203.03605, section 3.3) begin with, and who may see whom in the decoder's self-attention. */
import { gather, holding, once, type Parameter, type Sink } from '@dr2net/ops';
import { reshape, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { ModelOptionError } from '../errors.ts';
import type { DenoisingQueries } from './contract.ts';
import { logits } from './logits.ts';

/** Added to the scores of queries that must not see each other. */
const hidden = -1e9;

/** @throws {ModelOptionError} naming what does not fit */
export function checkDenoising(
  { count, groups, labels, boxes }: DenoisingQueries,
  batch: number,
  classes: number,
): void {
  const refuse = (what: string): never => {
    throw new ModelOptionError(`denoising: ${what}`);
  };
  if (!Number.isInteger(count) || count < 1) refuse(`count is ${count}; 1 or more are needed, else leave it out.`);
  if (!Number.isInteger(groups) || groups < 1 || count % groups !== 0)
    refuse(`${count} queries are no whole number of queries in each of ${groups} groups.`);
  if (labels.length !== batch * count || boxes.length !== 4 * batch * count)
    refuse(
      `${labels.length} labels and ${boxes.length} numbers of boxes; ${batch} images of ${count} queries need ${batch * count} and ${4 * batch * count}.`,
    );
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0) refuse(`label ${labels[wrong]} of query ${wrong % count} is none of the ${classes} classes.`);
  if (!boxes.every(Number.isFinite)) refuse('a box has a number that is not finite.');
}

/** Whether a query is padding. */
const isPadding = (boxes: Float32Array, i: number): boolean => boxes[4 * i + 2] === 0 && boxes[4 * i + 3] === 0;

/**
 * [batch, count + queries, count + queries], 0 where a query (row) sees another (column): matching queries are seen by all, noised objects by
 * those of their group.
 */
export function attentionMask({ count, groups, boxes }: DenoisingQueries, batch: number, queries: number): Tensor {
  const all = count + queries;
  const group = (i: number) => Math.floor((i * groups) / count);
  const values = new Float32Array(batch * all * all);
  for (let b = 0; b < batch; b++)
    for (let row = 0; row < all; row++)
      for (let column = 0; column < count; column++) {
        const together = row < count && group(row) === group(column) && !isPadding(boxes, b * count + column);
        if (!together) values[(b * all + row) * all + column] = hidden;
      }
  return tensor(values, [batch, all, all]);
}

/** Boxes [batch, count, 4] as they are, and as logits. Owned by the caller. */
export function noisedBoxes({ count, boxes }: DenoisingQueries, batch: number): { boxes: Tensor; raw: Tensor } {
  return holding((held) => {
    const shares = held.add(tensor(boxes, [batch, count, 4]));
    return { boxes: held.release(shares), raw: tensor(logits(boxes), [batch, count, 4]) };
  });
}

/** Contents [batch, count, width] of the noised objects, by class. */
export function noisedContents(table: Parameter, { count, labels }: DenoisingQueries, batch: number) {
  return holding((held) => {
    const indices = held.add(tensor(labels, [batch * count], 'int32'));
    const { value, pullback } = gather.trace(table.variable, indices);
    held.free(indices);
    const width = table.shape[1]!;
    const contents = tidy(() => reshape(value, [batch, count, width]));
    value.dispose();
    const run = (d: Tensor, sink: Sink): void => {
      if (!table.trainable) return;
      const rows = reshape(d, [batch * count, width]);
      const { table: gradient } = pullback(rows);
      rows.dispose();
      sink(table, gradient!);
    };
    return { value: contents, pullback: once('the noised contents', [pullback], run) };
  });
}
