/**
 * Comparison of tensors with a reference. NaN never passes, shape is compared, the worst element is named.
 * (tfjs's own `expectArraysClose` passes NaN against infinity and is absolute.)
 */
import type { Tensor } from '@tensorflow/tfjs-core';

/** Numbers with a shape; what references are read as. */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface Tolerance {
  /** Relative to the compared element (`expectClose`) or to the largest expected magnitude (`expectScaledClose`). */
  readonly rtol: number;
  readonly atol: number;
}

function sameShape(actual: readonly number[], expected: readonly number[], what: string): void {
  if (actual.length !== expected.length || actual.some((size, axis) => size !== expected[axis]))
    throw new Error(`${what}: shape [${actual}] where [${expected}] is expected`);
}

function compare(actual: Reference, expected: Reference, what: string, limit: (expected: number) => number): void {
  sameShape(actual.shape, expected.shape, what);
  let worst = -1;
  let worstExcess = -Infinity;
  for (let i = 0; i < expected.data.length; i++) {
    const a = actual.data[i]!;
    const e = expected.data[i]!;
    const excess = Math.abs(a - e) - limit(e);
    // `!(excess <= 0)` catches NaN, which every comparison would let through.
    if (!(excess <= 0) && !(excess <= worstExcess)) {
      worst = i;
      worstExcess = Number.isNaN(excess) ? Infinity : excess;
    }
  }
  if (worst >= 0) {
    throw new Error(
      `${what}: element ${worst} of ${expected.data.length} is ${actual.data[worst]} where ${expected.data[worst]} is expected ` +
        `(difference ${Math.abs(actual.data[worst]! - expected.data[worst]!)}, allowed ${limit(expected.data[worst]!)})`,
    );
  }
}

async function numbers(value: Tensor | Reference): Promise<Reference> {
  return 'dataId' in value ? { shape: value.shape, data: (await value.data()) as ArrayLike<number> } : value;
}

/** Element by element: |a − e| ≤ atol + rtol·|e|. */
export async function expectClose(
  actual: Tensor | Reference,
  expected: Tensor | Reference,
  { rtol, atol }: Tolerance,
  what = 'tensor',
): Promise<void> {
  compare(await numbers(actual), await numbers(expected), what, (e) => atol + rtol * Math.abs(e));
}

/** Against the tensor's scale: max|a − e| ≤ atol + rtol·max|e|; what the reference files' tolerances mean. */
export async function expectScaledClose(
  actual: Tensor | Reference,
  expected: Tensor | Reference,
  { rtol, atol }: Tolerance,
  what = 'tensor',
): Promise<void> {
  const reference = await numbers(expected);
  let scale = 0;
  for (let i = 0; i < reference.data.length; i++) scale = Math.max(scale, Math.abs(reference.data[i]!));
  compare(await numbers(actual), reference, what, () => atol + rtol * scale);
}

/** The same bits, element for element. */
export async function expectIdentical(
  actual: Tensor | Reference,
  expected: Tensor | Reference,
  what = 'tensor',
): Promise<void> {
  const [a, e] = [await numbers(actual), await numbers(expected)];
  sameShape(a.shape, e.shape, what);
  for (let i = 0; i < e.data.length; i++) {
    if (!Object.is(a.data[i], e.data[i]))
      throw new Error(`${what}: element ${i} is ${a.data[i]} where exactly ${e.data[i]} is expected`);
  }
}
