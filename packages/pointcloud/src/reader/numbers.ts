/** Numbers as texts have them: XYZ, and the ascii forms of PLY and PCD. */

/** `nan` and `inf` are numbers, which later checks refuse by point; undefined for anything else that is no number. */
export function textNumber(token: string): number | undefined {
  const text = token.trim();
  const value = Number(text);
  if (text !== '' && !Number.isNaN(value)) return value;
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (/nan/i.test(word)) return Number.NaN;
  return sign === '-' ? -Infinity : Infinity;
}
