/**
 * The set loss of many batches as if they were one, so that it does not depend on how the images were batched: a batch's terms are sums
 * divided by its objects (or by the weights of its queries' classes), so they are multiplied by them, added up, and divided by all.
 */
import type { Classification, TermWeights } from '../matching/contract.ts';
import { defaultNoObject, defaultWeights, type LayerLoss } from './set.ts';

export class SetLossMean {
  readonly #sums = { class: 0, l1: 0, giou: 0 };
  #objects = 0;
  #queries = 0;

  constructor(
    private readonly classification: Classification,
    private readonly weights: TermWeights = defaultWeights,
  ) {}

  /** What the class term of so many queries is divided by. */
  #classDivisor(objects: number, queries: number): number {
    const { classification } = this;
    if (classification.kind === 'focal') return Math.max(1, objects);
    return objects + (classification.noObject ?? defaultNoObject) * (queries - objects);
  }

  /** @param queries of all images of the batch together */
  add(loss: LayerLoss, queries: number): void {
    const objects = loss.matches.reduce((sum, match) => sum + match.queries.length, 0);
    this.#sums.class += loss.class * this.#classDivisor(objects, queries);
    this.#sums.l1 += loss.l1 * objects;
    this.#sums.giou += loss.giou * objects;
    this.#objects += objects;
    this.#queries += queries;
  }

  get value(): number {
    const { weights } = this;
    const objects = Math.max(1, this.#objects);
    // Without any weight (no objects, and none for 'no object') the sum is 0 too.
    const divisor = this.#classDivisor(this.#objects, this.#queries) || 1;
    return (
      (weights.class * this.#sums.class) / divisor +
      (weights.l1 * this.#sums.l1 + weights.giou * this.#sums.giou) / objects
    );
  }
}
