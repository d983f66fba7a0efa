/** The loss of a batch of points: cross-entropy with a weight for each point, and its gradient. */
import {
  div,
  exp,
  log,
  max,
  mul,
  neg,
  reshape,
  type Scalar,
  sub,
  sum,
  type Tensor,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import type { PointTargets } from '../dataset/weights.ts';

/** Owned by the caller. */
export interface PointLoss {
  /** Σᵢ wᵢ·(−Σₖ tᵢₖ log pᵢₖ) / Σᵢ wᵢ; 0 where no point counts. */
  readonly loss: Scalar;
  /** Of the logits, in their shape. */
  readonly gradient: Tensor;
}

/**
 * The cross-entropy of a batch of points, each with its weight, and its gradient.
 * @param logits [batch, points, classes]
 * @param given targets and weights of the same points
 */
export function pointLoss(logits: Tensor, { targets, weights }: PointTargets): PointLoss {
  const classes = logits.shape.at(-1) as number;
  const total = weights.reduce((all, weight) => all + weight, 0);
  const shares = weights.map((weight) => (total > 0 ? weight / total : 0));
  return tidy(() => {
    const rows = reshape(logits, [-1, classes]);
    const t = tensor(targets, [shares.length, classes]);
    const share = tensor(shares, [shares.length, 1]);
    const shifted = sub(rows, max(rows, 1, true));
    const powers = exp(shifted);
    const totals = sum(powers, 1, true);
    const logs = sub(shifted, log(totals));
    const loss = neg(sum(mul(share, mul(t, logs)))) as Scalar;
    return { loss, gradient: reshape(mul(share, sub(div(powers, totals), t)), logits.shape) };
  });
}
