/** Counts of true and predicted classes, gathered over batches and scenes: exact numbers, no tensors. */

export class Confusion {
  readonly #counts: Float64Array;

  /** @param ignored the label of points that are not counted; default 255 */
  constructor(
    readonly classes: number,
    readonly ignored: number | null = 255,
  ) {
    if (!Number.isInteger(classes) || classes < 1)
      throw new RangeError(`classes is ${classes}; it must be a whole number, 1 or more.`);
    this.#counts = new Float64Array(classes * classes);
  }

  /** @throws RangeError where labels and predictions differ in number, or one is no class; nothing is counted then */
  add(labels: ArrayLike<number>, predictions: ArrayLike<number>): void {
    const { classes } = this;
    if (labels.length !== predictions.length)
      throw new RangeError(`${labels.length} labels and ${predictions.length} predictions; both must be equal.`);
    const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value < classes;
    for (let i = 0; i < labels.length; i++) {
      const [label, prediction] = [labels[i] as number, predictions[i] as number];
      if (label !== this.ignored && !(isClass(label) && isClass(prediction)))
        throw new RangeError(
          `Point ${i}: label ${label}, prediction ${prediction}; classes are 0 … ${classes - 1}` +
            `${this.ignored === null ? '' : `, ignored is ${this.ignored}`}.`,
        );
    }
    for (let i = 0; i < labels.length; i++) {
      const at = (labels[i] as number) * classes + (predictions[i] as number);
      if (labels[i] !== this.ignored) this.#counts[at] = (this.#counts[at] as number) + 1;
    }
  }

  /** [true class][predicted class]. */
  get counts(): number[][] {
    const { classes } = this;
    return Array.from({ length: classes }, (_, k) => [...this.#counts.subarray(k * classes, (k + 1) * classes)]);
  }
}
