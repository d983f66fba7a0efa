/** Numbers as people read them. */

/** A fraction as a percentage: `84.0 %`. */
export function formatPercent(fraction: number, digits = 1): string {
  return `${(100 * fraction).toFixed(digits)} %`;
}

/** Four significant digits, exponents only where they are shorter. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e6)) return value.toExponential(2);
  return trim(value.toPrecision(4));
}

/** Removes zeros at the end of a decimal fraction; `toPrecision` may also give an exponent, which stays. */
function trim(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}
