/** The head forwards, part by part: what a pass makes of the clouds, then the points' logits. */
import type { Maximum } from '@dr2net/layers';
import { type Context, type Held, holding } from '@dr2net/ops';
import { concat, dispose, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { PartedRows } from './decoder-stage.ts';
import { type HeadWeight, maxima, type PointHead } from './head.ts';

/** The points' rows, and what their clouds have; borrowed. */
export interface HeadInput {
  /** Class tokens [batch, width]. */
  readonly cls: Tensor;
  readonly rows: PartedRows;
  /** A part's rows before their last norm, borrowed; for a trace. */
  readonly beforeNorm?: (part: number) => Tensor;
  readonly batch: number;
  /** Of a cloud. */
  readonly points: number;
}

/** What a pass through the head makes of the clouds. */
export interface Clouds {
  readonly weight: HeadWeight;
  readonly most: Maximum | null;
  /** The globals [batch, width], borrowed. */
  readonly values: readonly Tensor[];
  readonly brought: Tensor | null;
}

/** `held` takes over what is made. */
export function cloudsOf(head: PointHead, input: HeadInput, held: Held): Clouds {
  const { cls, rows, beforeNorm, batch, points } = input;
  const weight = head.split();
  for (const each of [...weight.globals, weight.own]) held.keep(each);
  const most = head.globals.includes('max') ? maxima(rows, batch, points, beforeNorm) : null;
  if (most) for (const each of [most.value, most.winner, most.beside]) held.keep(each);
  const values = head.globals.map((name) => (name === 'cls' ? cls : most!.value));
  const brought = head.brought(values, weight);
  if (brought) held.keep(brought);
  return { weight, most, values, brought };
}

/** [batch, points, classes] */
export function logitsOf(
  head: PointHead,
  { rows, batch, points }: HeadInput,
  clouds: Clouds,
  context: Context,
): Tensor {
  const made: Tensor[] = [];
  try {
    for (const [i, part] of rows.parts.entries()) {
      made.push(
        holding((held) => {
          const y = held.add(rows.rows(i));
          const brought = head.share(clouds.brought, Math.floor(part.from / points));
          if (brought) held.add(brought);
          const logits = head.applyPart(y, { own: clouds.weight.own, brought }, part, context);
          held.dispose();
          return logits;
        }),
      );
    }
    return tidy(() => reshape(concat(made, 0), [batch, points, made[0]!.shape[1]!]));
  } finally {
    dispose(made);
  }
}

/** Logits [batch, points, classes]. */
export function applyHead(head: PointHead, input: HeadInput, context: Context): Tensor {
  return holding((held) => {
    const logits = logitsOf(head, input, cloudsOf(head, input, held), context);
    held.dispose();
    return logits;
  });
}
