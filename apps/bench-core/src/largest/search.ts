/** The largest network, clip or batch that a method trains under a byte limit, by bisection with the planner's prediction. */
import { type PlannedBackend, plannedBackends, predictMemory } from '@dr2net/memory';
import { memoryModel, methodSetting } from '@dr2net/models';
import { classes, configOf, type VitSize } from '../size.ts';
import { type MethodName, methodSettings } from '../subjects/names.ts';

export const axisNames = ['depth', 'clip', 'batch'] as const;
export type AxisName = (typeof axisNames)[number];

/** The rest stays as it is: ViT-S, 14×14 patches a frame. */
const base: Readonly<Record<AxisName, VitSize>> = {
  depth: { width: 384, heads: 6, depth: 1, side: 14, patch: 16, frames: 1, batch: 4 },
  clip: { width: 384, heads: 6, depth: 12, side: 14, patch: 16, frames: 2, batch: 1 },
  batch: { width: 384, heads: 6, depth: 12, side: 14, patch: 16, frames: 1, batch: 1 },
};

/** Beyond these nothing is searched: it would take days to run. */
const most: Readonly<Record<AxisName, number>> = { depth: 384, clip: 256, batch: 512 };

export interface LargestSettings {
  readonly backend: string;
  readonly method: MethodName;
  readonly axis: AxisName;
  /** What the device may give out at most, parameters and optimizer included. */
  readonly limitBytes: number;
  /** Instead of width and heads of a ViT-S. */
  readonly width?: number;
  readonly heads?: number;
}

/** So many blocks, pairs of frames, or samples. */
export function sizeAt(
  { axis, width, heads }: Pick<LargestSettings, 'axis' | 'width' | 'heads'>,
  count: number,
): VitSize {
  const own = { ...base[axis], ...(width !== undefined && { width }), ...(heads !== undefined && { heads }) };
  if (axis === 'depth') return { ...own, depth: count };
  return axis === 'batch' ? { ...own, batch: count } : { ...own, frames: 2 * count };
}

/** @throws RangeError for a backend that cannot be planned */
export function predictedBytes(settings: LargestSettings, size: VitSize): number {
  const backend = plannedBackends.find((name): name is PlannedBackend => name === settings.backend);
  if (!backend)
    throw new RangeError(`The memory of ${settings.backend} cannot be predicted; known: ${plannedBackends}.`);
  const model = memoryModel(configOf(size), { classes });
  const { method, coefficients } = methodSettings[settings.method];
  const { deviceBytes, peakBytes } = predictMemory(model, {
    ...methodSetting(method, coefficients, model.subBlocks),
    ...{ read: 'last', batch: size.batch, backend },
    training: { optimizer: 'adamw', decay: true, update: 'collect', accumulate: 1, chunks: 1, clip: false, ema: false },
  });
  return Math.max(deviceBytes, peakBytes);
}

export interface Found {
  /** 0 where not even one fits. */
  readonly count: number;
  readonly predictedBytes: number;
  /** Whether the search ended at its own bound, not at the limit. */
  readonly bound: boolean;
}

/**
 * Doubles until it no longer fits, then halves the gap; memory grows with the size.
 * @param bytesOf of so many blocks, pairs of frames or samples
 */
export function bisect(bytesOf: (count: number) => number, limit: number, bound: number): Found {
  let fits = 0;
  let bytes = 0;
  let over = 1;
  for (;;) {
    const next = bytesOf(over);
    if (next > limit) break;
    [fits, bytes] = [over, next];
    if (over === bound) return { count: fits, predictedBytes: bytes, bound: true };
    over = Math.min(bound, 2 * over);
  }
  while (over - fits > 1) {
    const middle = Math.floor((fits + over) / 2);
    const next = bytesOf(middle);
    if (next > limit) over = middle;
    else [fits, bytes] = [middle, next];
  }
  return { count: fits, predictedBytes: bytes, bound: false };
}

export function findLargest(settings: LargestSettings): Found {
  return bisect((count) => predictedBytes(settings, sizeAt(settings, count)), settings.limitBytes, most[settings.axis]);
}
