/** What overlapping samples say of a scene's points, summed point by point. */
import { logSumExp } from '@dr2net/models';
import { nearestPoints } from '@dr2net/ops';

/** Sum logits, or probabilities (a softmax a sample), which no sample can outshout. */
export type VoteKind = 'logit' | 'probability';

function rows(positions: Float32Array, points: readonly number[]): Float32Array {
  const out = new Float32Array(3 * points.length);
  for (const [i, point] of points.entries()) out.set(positions.subarray(3 * point, 3 * point + 3), 3 * i);
  return out;
}

/** Scores of overlapping samples, summed point by point. */
export class PointVotes {
  readonly #sums: Float64Array;
  readonly #votes: Uint32Array;

  /**
   * @param count points of the scene
   * @throws RangeError for no points or fewer than 2 classes
   */
  constructor(
    readonly count: number,
    readonly classes: number,
    private readonly kind: VoteKind = 'probability',
  ) {
    if (!(count >= 1) || !(classes >= 2))
      throw new RangeError(`${count} points and ${classes} classes: there must be 1 point and 2 classes, or more.`);
    this.#sums = new Float64Array(count * classes);
    this.#votes = new Uint32Array(count);
  }

  /**
   * @param points [n] of the scene; one that occurs twice votes twice
   * @param logits [n, classes]
   * @throws RangeError where the numbers do not fit, a logit is NaN or ∞, or all of a point's are −∞; nothing is added then
   */
  add(points: ArrayLike<number>, logits: ArrayLike<number>): void {
    const { classes } = this;
    if (logits.length !== points.length * classes)
      throw new RangeError(`${logits.length} logits for ${points.length} points of ${classes} classes.`);
    for (let i = 0; i < points.length; i++) {
      const point = points[i] as number;
      if (!(Number.isInteger(point) && point >= 0 && point < this.count))
        throw new RangeError(`Point ${point} is none of 0 … ${this.count - 1}.`);
      let largest = -Infinity;
      for (let k = 0; k < classes; k++) {
        const logit = logits[i * classes + k] as number;
        if (!(logit < Infinity)) throw new RangeError(`The logit of point ${point}, class ${k} is ${logit}.`);
        largest = Math.max(largest, logit);
      }
      if (largest === -Infinity) throw new RangeError(`The logits of point ${point} are all −∞.`);
    }
    for (let i = 0; i < points.length; i++) {
      const point = points[i] as number;
      const scale = this.kind === 'probability' ? logSumExp(logits, i * classes, classes) : 0;
      for (let k = 0; k < classes; k++) {
        const logit = logits[i * classes + k] as number;
        const at = point * classes + k;
        this.#sums[at] = (this.#sums[at] as number) + (this.kind === 'logit' ? logit : Math.exp(logit - scale));
      }
      this.#votes[point] = (this.#votes[point] as number) + 1;
    }
  }

  /** Points that no sample had yet. */
  get without(): number {
    return this.#votes.reduce((sum, votes) => sum + (votes === 0 ? 1 : 0), 0);
  }

  /**
   * Classes [count]: the largest sum, of equal ones the lowest number. A point that no sample had takes the class of the
   * nearest one that has votes.
   * @param positions [count, 3]
   * @throws RangeError where no point has a vote
   */
  classesOf(positions: Float32Array): Uint8Array {
    const { classes, count } = this;
    const voted: number[] = [];
    for (let i = 0; i < count; i++) if (this.#votes[i] !== 0) voted.push(i);
    if (voted.length === 0) throw new RangeError('No point has a vote: add the samples of the scene first.');
    const found = new Uint8Array(count);
    for (const point of voted) {
      let best = 0;
      for (let k = 1; k < classes; k++)
        if ((this.#sums[point * classes + k] as number) > (this.#sums[point * classes + best] as number)) best = k;
      found[point] = best;
    }
    if (voted.length === count) return found;
    const missing: number[] = [];
    for (let i = 0; i < count; i++) if (this.#votes[i] === 0) missing.push(i);
    const { indices } = nearestPoints(rows(positions, voted), rows(positions, missing), 1);
    for (const [i, point] of missing.entries()) found[point] = found[voted[indices[i] as number] as number] as number;
    return found;
  }
}

/** Classes of all points from those of the points that stand for them. */
export function spread(classes: ArrayLike<number>, standIn: Int32Array): Uint8Array {
  return Uint8Array.from(standIn, (place) => classes[place] as number);
}
