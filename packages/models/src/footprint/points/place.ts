/** Where a segmenter's dry layers stand: how many points each level of embedding and decoder has. */
import type { DryEngine, DryParameter, KernelFamily } from '@dr2net/memory';
import type { PointLevels } from '../../point/levels.ts';
import type { PointSpec } from '../../point/spec.ts';
import type { Place } from '../place.ts';

/** The engine and the backend's kernels: all that operations need. */
export interface Operations {
  readonly engine: DryEngine;
  readonly family: KernelFamily;
}

export interface PointPlace extends Place<PointSpec> {
  readonly levels: PointLevels;
  /** Neighbours and points that are worked on at a time. */
  readonly partRows: number;
}

/** A part of a parameter, or another tensor in a weight's place. */
export function weightOf(
  tensor: DryParameter['tensor'],
  shape: readonly [number, number],
  trainable = true,
): DryParameter {
  return { size: tensor.size, shape, tensor, trainable };
}
