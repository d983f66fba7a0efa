/** Accuracy of a training batch, where the output is logits and the batch knows its labels. */
import type { Batch } from '@dr2net/models';
import { argMax, cast, equal, reshape, sum, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';

export interface Hits {
  /** Scalar: the labels that have the largest logit of their row. Counted on the device: points are many, and one number is read. */
  readonly correct: Tensor;
  /** Labels that are one of the classes. */
  readonly counted: number;
}

/**
 * What of a batch's logits [..., classes] is right. Undefined where the output is something else, or no row has a label that counts. The
 * tensor is owned by the caller.
 */
export function hitsOf({ labels }: Batch, output: Tensor): Hits | undefined {
  const classes = output.shape.at(-1);
  if (!labels || !classes || output.rank < 2 || labels.length * classes !== output.size) return undefined;
  const numbers = Int32Array.from(labels);
  const counted = numbers.reduce((count, label) => count + (label >= 0 && label < classes ? 1 : 0), 0);
  if (counted === 0) return undefined;
  const correct = tidy(() => {
    const predicted = argMax(reshape(output, [numbers.length, classes]), -1);
    // As float32: exact to 2²⁴, where sums of int32 are not right on every backend.
    return sum(cast(equal(predicted, tensor1d(numbers, 'int32')), 'float32'));
  });
  return { correct, counted };
}
