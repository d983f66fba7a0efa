/** Softmax on the host, in float64: probabilities are exp(logit − logSumExp), a cross-entropy is logSumExp − logit. */

/** log Σ exp(logit) over `count` logits from `from` on; without overflow, whatever their size. */
export function logSumExp(logits: ArrayLike<number>, from = 0, count = logits.length - from): number {
  let [most, total] = [-Infinity, 0];
  for (let k = 0; k < count; k++) most = Math.max(most, logits[from + k] as number);
  for (let k = 0; k < count; k++) total += Math.exp((logits[from + k] as number) - most);
  return most + Math.log(total);
}
