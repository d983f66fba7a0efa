/** The interval that a fraction of few clips leaves open. */

/** 97.5 % quantile of the normal distribution. */
const z = 1.959964;

/**
 * Wilson's 95 % score interval of a fraction (E. B. Wilson, 1927).
 * @param right successes, 0 … total
 * @param total trials, > 0
 */
export function wilsonInterval(right: number, total: number): [number, number] {
  const fraction = right / total;
  const spread = 1 + (z * z) / total;
  const middle = (fraction + (z * z) / (2 * total)) / spread;
  const half = (z / spread) * Math.sqrt((fraction * (1 - fraction)) / total + (z * z) / (4 * total * total));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
