/** Times of steps: how long they take, and how long the rest will. */

export class Clock {
  #start = performance.now();
  #smoothed: number | undefined;

  /** Starts the next step's time: what lies before (evaluation, checkpoint, the consumer) is not counted. */
  restart(): void {
    this.#start = performance.now();
  }

  /** Ends a step: its seconds, and an estimate for `left` more like the recent ones. */
  lap(left: number): { readonly seconds: number; readonly secondsLeft: number } {
    const seconds = (performance.now() - this.#start) / 1000;
    // The first step compiles and allocates; the moving mean forgets it within ten steps.
    this.#smoothed = this.#smoothed === undefined ? seconds : 0.8 * this.#smoothed + 0.2 * seconds;
    this.restart();
    return { seconds, secondsLeft: this.#smoothed * left };
  }
}
