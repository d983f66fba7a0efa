/** Numbers of a table as a reader wants them. */

export function numberInWords(value: number): string {
  if (value === 0 || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(1);
}
