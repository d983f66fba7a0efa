/** Several samples of one clip (views) become one row of scores. */
import { logSumExp } from '@dr2net/models';
import type { Scores } from './metrics.ts';

/** What is averaged over the views of a clip: softmax probabilities, or logits. */
export type ViewAverage = 'probability' | 'logit';

/** Softmax of one row, in float64. */
export function probabilities(logits: ArrayLike<number>): Float32Array {
  const scale = logSumExp(logits);
  return Float32Array.from(logits, (logit) => Math.exp(logit - scale));
}

/** Collects rows of logits by clip. */
export class ViewScores {
  readonly #clips = new Map<string, { label: number; sum: Float64Array; views: number }>();

  constructor(private readonly average: ViewAverage = 'probability') {}

  add(id: string, label: number, logits: ArrayLike<number>): void {
    const row = this.average === 'probability' ? probabilities(logits) : logits;
    let clip = this.#clips.get(id);
    if (!clip) {
      clip = { label, sum: new Float64Array(row.length), views: 0 };
      this.#clips.set(id, clip);
    }
    for (let k = 0; k < row.length; k++) clip.sum[k] = (clip.sum[k] as number) + (row[k] as number);
    clip.views++;
  }

  get ids(): string[] {
    return [...this.#clips.keys()];
  }

  /** One row a clip, in the order of their first views. */
  scores(): Scores {
    const clips = [...this.#clips.values()];
    return {
      scores: clips.map(({ sum, views }) => Float32Array.from(sum, (value) => value / views)),
      labels: clips.map(({ label }) => label),
    };
  }
}
