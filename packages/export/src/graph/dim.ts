/** A size: a number, or a multiple of the batch's. */
export type Dim = number | { readonly perSample: number };

export const isNumber = (dim: Dim): dim is number => typeof dim === 'number';

export function sameDim(a: Dim, b: Dim): boolean {
  return isNumber(a) || isNumber(b) ? a === b : a.perSample === b.perSample;
}

/** For messages. */
export function dimText(dim: Dim): string {
  if (isNumber(dim)) return String(dim);
  return dim.perSample === 1 ? 'batch' : `${dim.perSample}·batch`;
}

/** How often `inner` fits into `outer`; null where that is no whole number for every batch. */
export function timesIn(outer: Dim, inner: Dim): Dim | null {
  const whole = (n: number) => (Number.isInteger(n) ? n : null);
  if (isNumber(outer)) return isNumber(inner) ? whole(outer / inner) : null;
  if (!isNumber(inner)) return whole(outer.perSample / inner.perSample);
  const each = whole(outer.perSample / inner);
  return each === null ? null : { perSample: each };
}

/** The batches that a network is recorded at to find out which of its sizes depend on the batch. */
export const tracedBatches = [2, 3] as const;
