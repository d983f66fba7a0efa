/** A run, checked: its sub-blocks, each with the context that gives it the same masks in the forward pass and in a rebuild. */
import type { Context } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { AnchorControl } from './anchor-control.ts';
import type { Coefficients, HeadRead, RunOptions, SubBlock } from './contract.ts';
import { MethodError, RunShapeError } from './errors.ts';
import type { ExactScale } from './exact-scale.ts';
import { unknownName } from './names.ts';
import { readingBlocks } from './reading.ts';
import { checkShape } from './shape.ts';

export interface Run {
  readonly subBlocks: readonly SubBlock[];
  /** One a sub-block: `context.child(i)`. */
  readonly contexts: readonly Context[];
  readonly coefficients: Coefficients;
  readonly read: HeadRead;
  /** Borrowed. */
  readonly shift: Tensor | undefined;
  readonly scale: ExactScale | undefined;
  readonly anchors: AnchorControl | undefined;
}

const reads: readonly HeadRead[] = ['last', 'mean'];

export function makeRun(subBlocks: readonly SubBlock[], x0: Tensor, context: Context, options: RunOptions): Run {
  const { coefficients, read = 'last', shift, scale, anchors, onRead } = options;
  if (subBlocks.length === 0) throw new RunShapeError('A run needs at least one sub-block; the list is empty.');
  if (x0.dtype !== 'float32')
    throw new RunShapeError(`x0 has the dtype ${x0.dtype}; a run works on float32. Cast it first.`);
  if (!reads.includes(read)) throw new MethodError(unknownName('head read', read, reads));
  const shifted = subBlocks.find((subBlock) => subBlock.shift);
  if (shifted && !shift)
    throw new RunShapeError(`${shifted.name} takes a shift, but the run has none; give the tensor as options.shift.`);
  if (shift) checkShape('options.shift', shift.shape, x0.shape);
  const contexts = subBlocks.map((_, i) => context.child(i));
  return {
    subBlocks: onRead ? readingBlocks(subBlocks, onRead) : subBlocks,
    contexts,
    coefficients,
    read,
    shift,
    scale,
    anchors,
  };
}
