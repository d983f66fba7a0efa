/** The loss of plain tfjs ops. */
import { exp, log, max, mean, mul, softmax, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { type OpPullback, once } from '../pullback.ts';
import type { SoftmaxCrossEntropyKernel } from './index.ts';

/** −Σ t·(z − log Σ exp z) with z = logits − max: never overflows. */
function apply(logits: Tensor, targets: Tensor): Tensor {
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
export const reference: SoftmaxCrossEntropyKernel = {
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
