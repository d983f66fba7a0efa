/**
 * Two stages (Deformable DETR, arXiv 2010.04159, section 4.2): every cell of the encoder's maps proposes a box, and the best are where the
 * decoder begins. All cells are judged without keeping anything; the best are gone through once more, with their pullback.
 */
import { type Context, type Differentiable, type Held, holding, mapRows, once, RowMap, type Sink } from '@dr2net/ops';
import { add, max, mul, reshape, sigmoid, slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { ModelOptionError } from '../errors.ts';
import type { DinoLayer } from './contract.ts';
import type { Geometry } from './geometry.ts';
import { sigmoidGradient } from './logits.ts';
import type { DinoModules } from './modules.ts';
import { kept, type Passed, pass } from './pass.ts';

type ProposalModules = NonNullable<DinoModules['proposals']>;

/** Cells that become queries, [batch·queries], the best of each image first. */
export function bestCells(scores: ArrayLike<number>, batch: number, queries: number): Int32Array {
  const cells = scores.length / batch;
  const chosen = new Int32Array(batch * queries);
  for (let b = 0; b < batch; b++) {
    const order = Int32Array.from({ length: cells }, (_, i) => b * cells + i);
    // Of equal scores the first cell.
    order.sort((i, j) => scores[j]! - scores[i]! || i - j);
    chosen.set(order.subarray(0, queries), b * queries);
  }
  return chosen;
}

/** Rows of chosen cells of memory [batch·cells, width]; 0 where no proposal can be made. */
function rowsOf(geometry: Geometry, batch: number, cells: Int32Array): RowMap {
  const weights = Float32Array.from(cells, (cell) => geometry.usable[cell]!);
  return new RowMap({ from: batch * geometry.cells, each: 1, sources: cells, weights });
}

/**
 * The cells that queries begin at: those of the highest score, of the best class or (`first`, as published without mixed selection) of
 * the first one.
 * @throws {ModelOptionError} where there are fewer cells than queries
 */
export async function selectCells(
  { transform, classes }: ProposalModules,
  memory: Tensor,
  geometry: Geometry,
  { queries, first, context }: { readonly queries: number; readonly first: boolean; readonly context: Context },
): Promise<Int32Array> {
  const [batch, cells] = memory.shape as [number, number, number];
  if (cells < queries)
    throw new ModelOptionError(
      `The maps have ${cells} cells, which are not enough for ${queries} queries; take larger pictures, more levels, or a model of fewer queries (two_stage_num_proposals).`,
    );
  const scores = tidy(() => {
    const usable = tensor(geometry.usable, [batch, cells, 1]);
    const logits = classes.apply(transform.apply(mul(memory, usable), context), context);
    return reshape(first ? slice(logits, [0, 0, 0], [-1, -1, 1]) : max(logits, 2), [batch, cells]);
  });
  try {
    const values = await scores.data();
    const wrong = values.findIndex((score) => !Number.isFinite(score));
    if (wrong >= 0)
      throw new RangeError(
        `The score of a proposal (image ${Math.floor(wrong / cells)} of the batch) is ${values[wrong]}: the network's states are not finite.`,
      );
    return bestCells(values, batch, queries);
  } finally {
    scores.dispose();
  }
}

/** Takes the gradients (borrowed); gives that of the memory, owned by the caller. */
export interface ProposalsPullback {
  (gradient: DinoLayer, sink: Sink): Tensor;
  dispose(): void;
}

export interface Proposals extends DinoLayer {
  /** Of the boxes, before the sigmoid; owned by the caller as all. */
  readonly raw: Tensor;
  readonly pullback: ProposalsPullback | null;
}

/** @param cells chosen ones, [batch·queries] */
export function passProposals(
  modules: ProposalModules,
  memory: Tensor,
  geometry: Geometry,
  cells: Int32Array,
  context: Context,
  keeps: boolean,
): Proposals {
  const [batch, , width] = memory.shape as [number, number, number];
  const map = rowsOf(geometry, batch, cells);
  const queries = cells.length / batch;
  return holding((held) => {
    const own = <T extends Passed>(passed: T): T => {
      held.add(passed.value);
      if (passed.pullback) held.add(passed.pullback);
      return passed;
    };
    const through = (layer: Differentiable, x: Tensor) => own(pass(layer, x, context, keeps));
    const rows = held.add(
      tidy(() => reshape(mapRows.apply(reshape(memory, [-1, width]), map), [batch, queries, width])),
    );
    const objects = through(modules.transform, rows);
    held.free(rows);
    const classes = through(modules.classes, objects.value);
    const boxes = through(modules.boxes, objects.value);
    held.free(objects.value);
    const starts = Float32Array.from({ length: 4 * cells.length }, (_, i) => {
      return geometry.starts[4 * cells[Math.floor(i / 4)]! + (i % 4)]!;
    });
    const raw = held.add(tidy(() => add(boxes.value, tensor(starts, [batch, queries, 4]))));
    held.free(boxes.value);
    const shares = held.add(sigmoid(raw));
    const result = { logits: classes.value, boxes: shares, raw };
    if (!keeps) {
      for (const each of Object.values(result)) held.release(each);
      return { ...result, pullback: null };
    }
    const [ofObjects, ofClasses, ofBoxes] = [kept(objects.pullback), kept(classes.pullback), kept(boxes.pullback)];
    const all = [ofObjects, ofClasses, ofBoxes];
    const mine = held.share(shares);
    const run = ({ logits, boxes: dShares }: DinoLayer, sink: Sink): Tensor =>
      holding((inner: Held) => {
        const dBoxes = inner.add(sigmoidGradient(mine, dShares));
        const [a, b] = [inner.add(ofClasses(logits, sink)), inner.add(ofBoxes(dBoxes, sink))];
        const dObjects = inner.add(add(a, b));
        inner.free(dBoxes, a, b);
        const dRows = inner.add(ofObjects(dObjects, sink));
        const dMemory = tidy(() =>
          reshape(mapRows.gradient(reshape(dRows, [-1, width]), map), [batch, geometry.cells, width]),
        );
        inner.dispose();
        return dMemory;
      });
    const pullback = once('the proposals', [...all, mine], run);
    for (const each of [...Object.values(result), ...all, mine]) held.release(each);
    return { ...result, pullback };
  });
}
