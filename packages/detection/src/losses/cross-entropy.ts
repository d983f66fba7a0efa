/** Softmax cross-entropy with a weight a class, its mean weighted: Σ w_y·(−log p_y) / Σ w_y (DETR's class loss). */
import { softmaxInto } from './activations.ts';

/** A mean over rows. */
export interface MeanLoss {
  readonly loss: number;
  /** With respect to the logits, in their order. */
  readonly gradient: Float64Array;
}

/**
 * Softmax cross-entropy with a weight for each class, its weighted mean, and its gradient.
 * @param logits [rows, classes]
 * @param labels [rows], 0 … classes − 1
 * @param weights [classes], 0 or more
 * @returns 0 where the weights of all rows' classes are 0
 */
export function weightedCrossEntropy(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
): MeanLoss {
  const [rows, classes] = [labels.length, weights.length];
  if (logits.length !== rows * classes)
    throw new RangeError(`${logits.length} logits for ${rows} rows of ${classes} classes; it must be their product.`);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row] as number;
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new RangeError(`Row ${row} has the label ${label}; classes are 0 … ${classes - 1}.`);
    total += weights[label] as number;
  }
  const gradient = new Float64Array(logits.length);
  if (!(total > 0)) return { loss: 0, gradient };
  const probabilities = new Float64Array(classes);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row] as number;
    const share = (weights[label] as number) / total;
    const logSum = softmaxInto(logits, row * classes, probabilities);
    loss += share * (logSum - (logits[row * classes + label] as number));
    for (let k = 0; k < classes; k++)
      gradient[row * classes + k] = share * ((probabilities[k] as number) - (k === label ? 1 : 0));
  }
  return { loss, gradient };
}
