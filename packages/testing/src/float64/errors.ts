/** How far gradients are from the true ones. */

function largest(values: ArrayLike<number>, expected?: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]! - (expected ? expected[i]! : 0));
    // Written so that NaN is not passed over.
    if (!(size <= most)) most = size;
  }
  return Number.isNaN(most) ? Number.POSITIVE_INFINITY : most;
}

/**
 * The worst tensor's max|Δ|/max|true|; ∞ where a number is none. A tensor whose true gradient is below `floor` of the network's largest
 * is held against that floor: what cancels to almost nothing has no relative accuracy in any arithmetic.
 */
export function gradientError(
  found: ReadonlyMap<string, ArrayLike<number>>,
  truth: ReadonlyMap<string, ArrayLike<number>>,
  floor = 0,
): { readonly error: number; readonly parameter: string } {
  const network = Math.max(...[...truth.values()].map((values) => largest(values)));
  let worst = { error: 0, parameter: '' };
  for (const [parameter, expected] of truth) {
    const values = found.get(parameter);
    if (values?.length !== expected.length) throw new Error(`There is no gradient of ${parameter} to compare.`);
    const error = largest(values, expected) / Math.max(largest(expected), floor * network);
    if (!(error <= worst.error)) worst = { error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error, parameter };
  }
  return worst;
}
