/** Accuracy of a training batch, where the output is logits and the batch knows its labels. */
import type { Batch } from '@dr2net/models';
import { argMax, type Tensor } from '@tensorflow/tfjs-core';

/** The labels of a batch that has them: a class number a sample. */
function labelsOf(batch: Batch): readonly number[] | undefined {
  if (!('labels' in batch) || !Array.isArray(batch.labels) || batch.labels.length !== batch.size) return undefined;
  return batch.labels.every((label) => typeof label === 'number') ? batch.labels : undefined;
}

/**
 * The predicted classes of a batch's logits [batch, classes], to be read later; undefined where the output is something
 * else. The tensor is owned by the caller.
 */
export function predictedClasses(batch: Batch, output: Tensor): Tensor | undefined {
  if (!labelsOf(batch) || output.rank !== 2 || output.shape[0] !== batch.size) return undefined;
  return argMax(output, -1);
}

/** How many of the predicted classes are the batch's labels. */
export function countCorrect(batch: Batch, predicted: ArrayLike<number>): number {
  return labelsOf(batch)?.filter((label, i) => label === predicted[i]).length ?? 0;
}
