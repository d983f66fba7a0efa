/** What a point source is told, and what follows where it is not told. */
import { requireWhole } from '@dr2net/models';
import { checkAugmentation, type PointAugmentation } from '../augment/augment.ts';
import type { SceneSampling } from '../sampling/contract.ts';
import type { VoxelOptions } from '../sampling/voxel.ts';
import type { CloudStore } from '../store/store.ts';
import type { Feature } from './features.ts';

/** How scenes become batches. */
export interface PointSourceOptions {
  /** Samples in a batch. */
  readonly batch: number;
  /** How samples are taken: {@link sphereSampling} or {@link blockSampling}. */
  readonly sampling: SceneSampling;
  /** Training: shuffled, random samples, augmented. Evaluation: in order, samples that have every point. */
  readonly training: boolean;
  /** Default `['height']`. */
  readonly features?: readonly Feature[];
  /**
   * The length, in the scenes' unit, that counts as 1 in positions and heights: about the distance over which neighbours matter. Default 1,
   * for scenes in metres; 0.1 for plants of half a metre.
   */
  readonly unit?: number;
  /** Thin scenes to one point a voxel first. Default: all points. */
  readonly voxel?: VoxelOptions;
  /** Training only. */
  readonly augment?: PointAugmentation;
  /** Training only: samples of each scene in an epoch. Default: as many as have its number of points. */
  readonly samples?: number;
  /** Leave out the last batch when it is not full. Default false. */
  readonly dropLast?: boolean;
  /** Batches made ahead of their use. Default 2. */
  readonly prefetch?: number;
  /** Bytes of prepared scenes that are kept in memory. Default 1 GiB. */
  readonly memory?: number;
  /** Where clouds are kept as they were read. Default: nowhere. */
  readonly store?: CloudStore;
  /** Called when a scene has been read for the first time. */
  readonly onScene?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Settled
  extends Required<Omit<PointSourceOptions, 'store' | 'voxel' | 'onScene' | 'signal' | 'samples' | 'augment'>> {
  readonly store: CloudStore | undefined;
  readonly voxel: VoxelOptions | undefined;
  readonly samples: number | undefined;
  readonly augment: Required<PointAugmentation>;
}

/** @throws RangeError for numbers that cannot be, or options that contradict each other */
export function settle(options: PointSourceOptions): Settled {
  const { batch, sampling, training, voxel, samples, store, augment } = options;
  const { features = ['height'], unit = 1, dropLast = false, prefetch = 2, memory = 2 ** 30 } = options;
  requireWhole(batch, 1, 'batch');
  requireWhole(prefetch, 0, 'prefetch');
  requireWhole(memory, 0, 'memory');
  if (!(unit > 0 && Number.isFinite(unit)))
    throw new RangeError(`unit is ${unit}; it must be above 0, in the scenes' unit.`);
  if (samples !== undefined) requireWhole(samples, 1, 'samples');
  if (features.length === 0) throw new RangeError("features is empty; a point needs one at least, ['height'] say.");
  if (!training && (samples !== undefined || augment !== undefined))
    throw new RangeError('samples and augment are for training; evaluation takes the samples that have every point.');
  return {
    batch,
    sampling,
    training,
    features,
    unit,
    dropLast,
    prefetch,
    memory,
    voxel,
    samples,
    store,
    augment: checkAugmentation(augment ?? {}),
  };
}
