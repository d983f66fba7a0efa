/** Python's `round(x, digits)`: to the nearest decimal, exact ties to the even digit; the authors' numbers are rounded so. */

/** @param digits decimals, 0 … 20 */
export function round(x: number, digits: number): number {
  // toFixed is exact for every double, so the digits beyond say whether x is a tie; toFixed itself rounds ties up.
  const [whole = '', fraction = ''] = Math.abs(x).toFixed(100).split('.');
  const kept = whole + fraction.slice(0, digits);
  const tie = /^50*$/.test(fraction.slice(digits));
  const even = Number(kept.at(-1)) % 2 === 0;
  const magnitude = tie && even ? Number(`${whole}.${fraction.slice(0, digits)}`) : Number(Math.abs(x).toFixed(digits));
  return x < 0 ? -magnitude : magnitude;
}
