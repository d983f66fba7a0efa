/** Where a segmenter's dry layers stand: how many points each level of embedding and decoder has. */
import type { DryEngine, DryParameter, KernelFamily } from '@dr2net/memory';
import { ModelOptionError } from '../../errors.ts';
import type { PointSpec } from '../../point/spec.ts';
import type { Place } from '../place.ts';

/** The engine and the backend's kernels: all that operations need. */
export interface Operations {
  readonly engine: DryEngine;
  readonly family: KernelFamily;
}

export interface PointPlace extends Place<PointSpec> {
  readonly levels: Levels;
  /** Neighbours and points that are worked on at a time. */
  readonly partRows: number;
}

/** Points of one cloud, level by level. */
export interface Levels {
  /** The points, and what each stage of the embedding leaves of them; the last are the groups. */
  readonly embed: readonly number[];
  /** Where each stage of the decoder is, finest first, and the groups. */
  readonly decoder: readonly number[];
}

/** As `pointGeometry` samples them. */
export function levelsOf({ embed, decoder }: PointSpec, points: number): Levels {
  if (!Number.isSafeInteger(points) || points < 1)
    throw new ModelOptionError(`points is ${points}; it must be a whole number of points of a sample, at least 1.`);
  const fewer = (from: number, share: number) => {
    const count = Math.floor(from * share);
    if (count < 1) throw new ModelOptionError(`${points} points leave no group; give a sample more points.`);
    return count;
  };
  const below = [points];
  for (let i = 0; i < embed.stages; i++) below.push(fewer(below[i]!, embed.ratio));
  const fine = decoder.progressive ? below.slice(0, -1) : [points];
  while (fine.length < decoder.stages) fine.push(fewer(fine.at(-1)!, 1 / decoder.scale));
  return { embed: below, decoder: [...fine, below.at(-1)!] };
}

/** A part of a parameter, or another tensor in a weight's place. */
export function weightOf(
  tensor: DryParameter['tensor'],
  shape: readonly [number, number],
  trainable = true,
): DryParameter {
  return { size: tensor.size, shape, tensor, trainable };
}
