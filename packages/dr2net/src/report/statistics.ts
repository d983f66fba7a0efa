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

/** 97.5 % quantiles of Student's t for 1 … 30 degrees of freedom. */
const studentT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The mean of differences that are paired by seed, with its 95 % interval. */
export interface PairedDifference {
  readonly mean: number;
  /** Half the width of the 95 % interval of the mean; undefined for one pair, which tells nothing of the spread. */
  readonly half: number | undefined;
  readonly differences: readonly number[];
}

/** The mean of differences of pairs (one a seed), with Student's 95 % interval; undefined where there is no pair. */
export function pairedDifference(differences: readonly number[]): PairedDifference | undefined {
  const n = differences.length;
  if (n === 0) return undefined;
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / n;
  if (n === 1) return { mean, half: undefined, differences };
  const variance = differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0) / (n - 1);
  // From 31 degrees on the last quantile, a little too wide.
  const t = studentT[Math.min(n - 2, studentT.length - 1)]!;
  return { mean, half: t * Math.sqrt(variance / n), differences };
}
