/**
 * Sigmoid focal loss (Lin et al. 2017, arXiv 1708.02002): with z the logit where the class is meant and its negative
 * where it is not, q = σ(−z) the error's probability and w = α or 1 − α,
 *
 *     loss = w·q^γ·softplus(−z),      d loss / dz = −w·q^γ·(γ·(1 − q)·softplus(−z) + q),
 *
 * which is finite at every finite logit, since nothing is divided by q.
 */
import { sigmoid, softplus } from './activations.ts';

/** Elementwise, in the logits' order. */
export interface ElementLosses {
  readonly loss: Float64Array;
  /** Of the sum of all losses, with respect to the logits. */
  readonly gradient: Float64Array;
}

/**
 * Sigmoid focal loss (Lin et al. 2017, arXiv 1708.02002) of every logit: with z the logit where the class is meant and its negative where it is not, q = σ(−z) and w = α or 1 − α, it is w·q^γ·softplus(−z).
 * @param logits any shape
 * @param targets of the same shape: 1 where the class is meant, else 0
 * @param options α and γ
 * @param options.alpha 0 … 1, weight where the class is meant; 1 − alpha where it is not (default 0.25)
 * @param options.gamma 0 or more; 0 is binary cross-entropy (default 2)
 */
export function focalLoss(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  { alpha = 0.25, gamma = 2 }: { readonly alpha?: number; readonly gamma?: number } = {},
): ElementLosses {
  if (targets.length !== logits.length)
    throw new RangeError(`${targets.length} targets for ${logits.length} logits; both must be equal.`);
  if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`alpha is ${alpha}; it must be within 0 … 1.`);
  if (!(gamma >= 0 && gamma < Infinity)) throw new RangeError(`gamma is ${gamma}; it must be 0 or more.`);
  const loss = new Float64Array(logits.length);
  const gradient = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) {
    const target = targets[i] as number;
    if (target !== 0 && target !== 1) throw new RangeError(`Target ${i} is ${target}; it must be 0 or 1.`);
    const sign = target === 1 ? 1 : -1;
    const z = sign * (logits[i] as number);
    const q = sigmoid(-z);
    const weight = (target === 1 ? alpha : 1 - alpha) * q ** gamma;
    const entropy = softplus(-z);
    loss[i] = weight * entropy;
    gradient[i] = -sign * weight * (gamma * sigmoid(z) * entropy + q);
  }
  return { loss, gradient };
}
