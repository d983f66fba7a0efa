/** Precision against recall, to be drawn: of one category, or the mean over all that have objects. */
import type { CocoEvaluation } from './evaluate.ts';
import { type CocoSize, cocoLimits, cocoRecalls, cocoSizes, cocoThresholds } from './parameters.ts';

/** Which curve {@link precisionRecall} gives. */
export interface PrecisionRecallOptions {
  /** Id of a category; default the mean over all that have objects. */
  readonly category?: number;
  /** Intersection over union from which a detection is right: 0.5, 0.55 … 0.95; default 0.5. */
  readonly threshold?: number;
  /** Default `all`. */
  readonly size?: CocoSize;
  /** Detections of an image and category: 1, 10 or 100; default 100. */
  readonly limit?: number;
}

/** Precision at 101 recalls. */
export interface PrecisionRecall {
  /** 0, 0.01 … 1. */
  readonly recall: readonly number[];
  /** At each recall, 0 where it is not reached; null where no object counts. */
  readonly precision: readonly number[] | null;
  /** The score from which on each recall is reached, 0 where it is not; null for a mean, or where no object counts. */
  readonly scores: readonly number[] | null;
}

function position(list: readonly number[], value: number, name: string): number {
  const at = list.findIndex((known) => Math.abs(known - value) < 1e-9);
  if (at < 0)
    throw new RangeError(`${name} is ${value}; evaluated are ${list.map((known) => +known.toFixed(2)).join(', ')}.`);
  return at;
}

/**
 * Precision against recall, to be drawn.
 * @throws RangeError naming an option that was not evaluated, and what was
 */
export function precisionRecall(
  { curves, categories }: CocoEvaluation,
  { category, threshold = 0.5, size = 'all', limit = 100 }: PrecisionRecallOptions = {},
): PrecisionRecall {
  const t = position(cocoThresholds, threshold, 'threshold');
  const m = position(cocoLimits, limit, 'limit');
  const names = cocoSizes.map(({ name }) => name);
  const a = names.indexOf(size);
  if (a < 0) throw new RangeError(`size is ${size}; evaluated are ${names.join(', ')}.`);
  const ids = categories.map(({ id }) => id);
  const chosen = category === undefined ? [...ids.keys()] : [position(ids, category, 'category')];
  const counted = chosen.filter((k) => curves.recall[curves.recallAt(t, k, a, m)] !== -1);
  if (counted.length === 0) return { recall: cocoRecalls, precision: null, scores: null };
  const at = (values: Float64Array, r: number, k: number) => values[curves.precisionAt(t, r, k, a, m)] as number;
  const mean = (values: Float64Array) =>
    cocoRecalls.map((_, r) => counted.reduce((sum, k) => sum + at(values, r, k), 0) / counted.length);
  return {
    recall: cocoRecalls,
    precision: mean(curves.precision),
    scores: category === undefined ? null : mean(curves.scores),
  };
}
