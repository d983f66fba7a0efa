/** A timeline of memory of bounded length: when it is full, neighbours are merged and the higher one is kept. */

export interface TimelinePoint {
  /** Since the window began. */
  readonly seconds: number;
  /** Logical bytes. */
  readonly bytes: number;
  /** Of these, bytes in no category (parameters, optimizer state, gradients): activations. */
  readonly activationBytes: number;
  readonly phase: string;
}

/** Memory over time in a bounded number of points: when it is full, neighbours are merged and the higher one is kept. */
export class Timeline {
  #points: TimelinePoint[] = [];
  /** Changes that one point stands for. */
  #stride = 1;
  #pending = 0;

  /** @param limit the most points that are kept, at least 2 */
  constructor(readonly limit: number) {}

  /** The points in order of time; each is the highest of its stretch, so no peak is lost. */
  get points(): readonly TimelinePoint[] {
    return this.#points;
  }

  add(point: TimelinePoint): void {
    const last = this.#points.at(-1);
    if (last && this.#pending < this.#stride && last.phase === point.phase) {
      this.#pending++;
      if (point.bytes > last.bytes) this.#points[this.#points.length - 1] = point;
      return;
    }
    this.#points.push(point);
    this.#pending = 1;
    if (this.#points.length > this.limit) this.#halve();
  }

  clear(): void {
    this.#points = [];
    this.#stride = 1;
    this.#pending = 0;
  }

  #halve(): void {
    const merged: TimelinePoint[] = [];
    for (let i = 0; i < this.#points.length; i += 2) {
      const [a, b] = [this.#points[i]!, this.#points[i + 1]];
      merged.push(b && b.bytes > a.bytes ? b : a);
    }
    this.#points = merged;
    this.#stride *= 2;
  }
}
