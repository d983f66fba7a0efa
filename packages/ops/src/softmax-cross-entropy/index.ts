/** Cross-entropy of a softmax with soft targets: the loss of classification. */
import { exp, log, max, mean, mul, softmax, sub, sum, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { after, hold, scope } from '../engine.ts';
import { type OpPullback, once, type TracedOp } from '../pullback.ts';

export interface SoftmaxCrossEntropyKernel {
  /** logits [B, K], targets [B, K] (rows of probabilities) → scalar: the mean over the batch of −Σ t·log softmax(logits) */
  apply(logits: Tensor, targets: Tensor): Tensor;
  trace(logits: Tensor, targets: Tensor): TracedOp<'logits'>;
}

/** −Σ t·(z − log Σ exp z) with z = logits − max: never overflows. */
function apply(logits: Tensor, targets: Tensor): Tensor {
  if (logits.rank !== 2)
    throw new RangeError(`softmaxCrossEntropy: logits are [${logits.shape}], not [batch, classes]`);
  expectShape('softmaxCrossEntropy', 'targets', targets, logits.shape, 'the shape of the logits');
  return scope(() => {
    const largest = max(logits, 1, true);
    const z = after(sub(logits, largest), largest);
    const powers = exp(z);
    const total = after(sum(powers, 1, true), powers);
    const logTotal = after(log(total), total);
    const logarithms = after(sub(logTotal, z), logTotal, z);
    const weighted = after(mul(targets, logarithms), logarithms);
    const each = after(sum(weighted, 1), weighted);
    return after(mean(each), each);
  });
}

/** (softmax(logits)·Σt − t)·dy/B */
function gradient(logits: Tensor, targets: Tensor, dy: Tensor): Tensor {
  const probabilities = softmax(logits as Tensor<never>) as Tensor;
  const mass = sum(targets, 1, true);
  const expected = after(mul(probabilities, mass), probabilities, mass);
  const difference = after(sub(expected, targets), expected);
  const share = mul(dy, 1 / logits.shape[0]!);
  return after(mul(difference, share), difference, share);
}

/** The trace keeps logits and targets (shared). */
export const softmaxCrossEntropy: SoftmaxCrossEntropyKernel = {
  apply,
  trace(logits, targets) {
    const value = apply(logits, targets);
    const kept = [hold(logits), hold(targets)] as const;
    const pullback: OpPullback<'logits'> = once('softmaxCrossEntropy', kept, (dy: Tensor, wanted?) =>
      wanted && !wanted.logits ? {} : { logits: scope(() => gradient(...kept, dy)) },
    );
    return { value, pullback };
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
