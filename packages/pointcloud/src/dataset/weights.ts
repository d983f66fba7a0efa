/** What classes of unequal size weigh in the loss, and targets with smoothed labels. */
import { ignoredLabel } from './classes.ts';

/** `inverse`: 1/share; `sqrt`: its square root. */
export type Weighting = 'none' | 'inverse' | 'sqrt';

/**
 * Weights [classes] whose mean over the counted points is 1, so that the loss keeps its scale; 0 for a class without points.
 * @param counts points of each class
 * @throws RangeError where nothing was counted
 */
export function classWeights(counts: readonly number[], weighting: Weighting): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) throw new RangeError(`The classes have ${counts.join(', ')} points; none can be weighed.`);
  const exponent = { none: 0, inverse: -1, sqrt: -0.5 }[weighting];
  const raw = counts.map((count) => (count > 0 ? (count / total) ** exponent : 0));
  const mean = raw.reduce((sum, weight, k) => sum + (weight * (counts[k] as number)) / total, 0);
  return raw.map((weight) => weight / mean);
}

/** What a loss compares logits [points, classes] with. */
export interface PointTargets {
  /** `[points, classes]`: rows sum to 1, also those of ignored points. */
  readonly targets: Float32Array;
  /** `[points]`: the class's weight; 0 for ignored points. */
  readonly weights: Float32Array;
}

/**
 * Labels as rows of probabilities and a weight for each point.
 * @param labels [points], class indices or 255
 * @param classes how many there are
 * @param options smoothing and weights
 * @param options.smoothing the share that is spread evenly over all classes, in [0, 1)
 * @param options.weights [classes]; default 1 each
 * @throws RangeError for a label that is no class, or a smoothing out of range
 */
export function pointTargets(
  labels: ArrayLike<number>,
  classes: number,
  { smoothing = 0, weights }: { readonly smoothing?: number; readonly weights?: readonly number[] } = {},
): PointTargets {
  if (!(smoothing >= 0 && smoothing < 1)) throw new RangeError(`smoothing is ${smoothing}; it must lie in [0, 1).`);
  if (weights && weights.length !== classes)
    throw new RangeError(`${weights.length} weights for ${classes} classes; one each is needed.`);
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  const each = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (label === ignoredLabel) {
      targets.fill(1 / classes, i * classes, (i + 1) * classes);
      continue;
    }
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new RangeError(`Point ${i}: label ${label}; classes are 0 … ${classes - 1}, ignored is ${ignoredLabel}.`);
    targets[i * classes + label] = 1 - smoothing + smoothing / classes;
    each[i] = weights?.[label] ?? 1;
  }
  return { targets, weights: each };
}
