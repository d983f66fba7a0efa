/**
 * Precision at given recalls, from what was right and wrong in one category, by falling score: precision made to fall
 * (each is the best that any larger recall has), and read at the first detection that reaches the recall.
 */
import { cocoLimits, cocoRecalls, cocoSizes, cocoThresholds } from './parameters.ts';

/** The detections of one category, image by image and by falling score within one. */
export interface CategoryDetections {
  readonly scores: readonly number[];
  /** Which one of its image it is, from 0. */
  readonly ranks: readonly number[];
  /** By size class. */
  readonly sizes: readonly {
    /** One bit a threshold; [detections]. */
    readonly matched: readonly number[];
    readonly ignored: readonly number[];
    /** How many objects count. */
    readonly truths: number;
  }[];
}

/** Those that are right or wrong at one threshold, by falling score, and how many are right up to each. */
interface Counted {
  readonly detections: Int32Array;
  readonly hits: Int32Array;
}

function countHits(order: Int32Array, matched: readonly number[], ignored: readonly number[], bit: number): Counted {
  const [detections, hits] = [new Int32Array(order.length), new Int32Array(order.length)];
  let [count, right] = [0, 0];
  for (let i = 0; i < order.length; i++) {
    const detection = order[i] as number;
    if (((ignored[detection] as number) & bit) !== 0) continue;
    if (((matched[detection] as number) & bit) !== 0) right++;
    detections[count] = detection;
    hits[count++] = right;
  }
  return { detections: detections.subarray(0, count), hits: hits.subarray(0, count) };
}

/** Flat arrays of pycocotools' order; −1 where a category has no object of a size. */
export class CocoCurves {
  /** [thresholds, recalls, categories, sizes, limits]. */
  readonly precision: Float64Array;
  /** The score from which on recall is reached; in the order of `precision`. */
  readonly scores: Float64Array;
  /** Highest recall [thresholds, categories, sizes, limits]. */
  readonly recall: Float64Array;

  constructor(readonly categories: number) {
    const last = categories * cocoSizes.length * cocoLimits.length;
    this.precision = new Float64Array(cocoThresholds.length * cocoRecalls.length * last).fill(-1);
    this.scores = new Float64Array(this.precision.length).fill(-1);
    this.recall = new Float64Array(cocoThresholds.length * last).fill(-1);
  }

  recallAt = (threshold: number, category: number, size: number, limit: number) =>
    ((threshold * this.categories + category) * cocoSizes.length + size) * cocoLimits.length + limit;

  precisionAt = (threshold: number, recall: number, category: number, size: number, limit: number) =>
    this.recallAt(threshold * cocoRecalls.length + recall, category, size, limit);

  /** Fills in one category. */
  set(category: number, { scores, ranks, sizes }: CategoryDetections): void {
    const order = Int32Array.from(scores, (_, i) => i).sort(
      (a, b) => (scores[b] as number) - (scores[a] as number) || a - b,
    );
    for (const [limit, most] of cocoLimits.entries()) {
      const within = order.filter((i) => (ranks[i] as number) < most);
      for (const [size, { matched, ignored, truths }] of sizes.entries())
        if (truths > 0)
          for (let threshold = 0; threshold < cocoThresholds.length; threshold++) {
            const counted = countHits(within, matched, ignored, 1 << threshold);
            this.#fill([threshold, category, size, limit], counted, truths, scores);
          }
    }
  }

  #fill(
    [threshold, category, size, limit]: readonly [number, number, number, number],
    { detections, hits }: Counted,
    truths: number,
    scores: readonly number[],
  ): void {
    const count = detections.length;
    const precision = new Float64Array(count);
    let best = 0;
    for (let i = count - 1; i >= 0; i--) {
      best = Math.max(best, (hits[i] as number) / (i + 1 + Number.EPSILON));
      precision[i] = best;
    }
    this.recall[this.recallAt(threshold, category, size, limit)] = (hits[count - 1] ?? 0) / truths;
    let at = 0;
    for (let r = 0; r < cocoRecalls.length; r++) {
      while (at < count && (hits[at] as number) / truths < (cocoRecalls[r] as number)) at++;
      const index = this.precisionAt(threshold, r, category, size, limit);
      this.precision[index] = precision[at] ?? 0;
      this.scores[index] = scores[detections[at] ?? -1] ?? 0;
    }
  }
}
