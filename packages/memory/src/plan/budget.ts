/** A memory budget, as people write it. */

/** A budget that is no size, or that nothing fits. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError';
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const form = 'write a size above 0 such as 2GB, 1.5GiB or 800MB (GB are 10⁹ bytes, GiB 2³⁰)';

/**
 * Bytes of a size: `2GB`, `1.5 GiB`, `800MB`, a number of bytes.
 * @throws BudgetError
 */
export function parseBytes(size: string | number): number {
  const text = String(size).trim();
  const [, digits, letters] = /^([-+]?[\d.]+(?:e[-+]?\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const unit = letters === undefined ? undefined : units[letters.toLowerCase()];
  const bytes = Number(digits) * (unit ?? Number.NaN);
  if (!Number.isFinite(bytes)) throw new BudgetError(`A budget of "${text}" is no size; ${form}.`);
  if (bytes < 1) throw new BudgetError(`A budget of "${text}" is nothing; ${form}.`);
  return Math.floor(bytes);
}
