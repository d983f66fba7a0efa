/** Cross-entropy of a softmax with soft targets: the loss of classification. */
import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import type { TracedOp } from '../pullback.ts';
import { reference } from './reference.ts';
import { webgpu } from './webgpu.ts';

/** What an implementation of {@link softmaxCrossEntropy} does. */
export interface SoftmaxCrossEntropyKernel {
  /** logits [B, K], targets [B, K] (rows of probabilities) → scalar: the mean over the batch of −Σ t·log softmax(logits) */
  apply(logits: Tensor, targets: Tensor): Tensor;
  trace(logits: Tensor, targets: Tensor): TracedOp<'logits'>;
}

function check(logits: Tensor, targets: Tensor): void {
  if (logits.rank !== 2)
    throw new RangeError(`softmaxCrossEntropy: logits are [${logits.shape}], not [batch, classes]`);
  expectShape('softmaxCrossEntropy', 'targets', targets, logits.shape, 'the shape of the logits');
}

const kernel = () => choose<SoftmaxCrossEntropyKernel>({ reference, webgpu }, 'softmaxCrossEntropy');

/** The trace keeps logits and targets (shared); on WebGPU two numbers a row besides. */
export const softmaxCrossEntropy: SoftmaxCrossEntropyKernel = {
  apply(logits, targets) {
    check(logits, targets);
    return kernel().apply(logits, targets);
  },
  trace(logits, targets) {
    check(logits, targets);
    return kernel().trace(logits, targets);
  },
};

/**
 * Label smoothing (Szegedy et al., arXiv 1512.00567): 1 − smoothing on the label plus smoothing/classes everywhere.
 * @param labels integers from 0 to classes − 1
 * @param smoothing from 0 to below 1
 * @returns [labels.length, classes]
 */
export function softTargets(labels: readonly number[], classes: number, smoothing = 0): Tensor {
  if (!(smoothing >= 0 && smoothing < 1)) throw new RangeError(`softTargets: smoothing ${smoothing} is not in [0, 1)`);
  const values = new Float32Array(labels.length * classes).fill(smoothing / classes);
  labels.forEach((label, row) => {
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new RangeError(`softTargets: label ${label} is not one of the ${classes} classes 0 … ${classes - 1}`);
    values[row * classes + label]! += 1 - smoothing;
  });
  return tensor2d(values, [labels.length, classes]);
}
