/** The reference tensors of detection, and comparison with them. */
import { expectClose, expectScaledClose, readReference, sharedPath } from '@dr2net/testing';

export const folder = sharedPath('reference/detection-maths');

const tensors = folder ? readReference(`${folder}/expected.safetensors`) : new Map<string, never>();

/** The numbers of one tensor. @throws Error where the reference has no such tensor */
export function numbers(name: string): Float64Array {
  const found = tensors.get(name);
  if (!found) throw new Error(`The reference has no tensor ${name}`);
  return Float64Array.from(found.data);
}

/** The shape of one tensor. */
export const shape = (name: string) => [...(tensors.get(name)?.shape ?? [])];

/** Against the stored float32: element by element, rtol and atol 1e-6. */
export const expectNumbers = (actual: ArrayLike<number>, name: string, rtol = 1e-6, atol = 1e-7) =>
  expectClose(
    { shape: [actual.length], data: actual },
    { shape: [numbers(name).length], data: numbers(name) },
    { rtol, atol },
    name,
  );

/** Gradients, against their scale. */
export const expectGradient = (actual: ArrayLike<number>, expected: ArrayLike<number>, what: string, rtol = 1e-6) =>
  expectScaledClose(
    { shape: [actual.length], data: actual },
    { shape: [expected.length], data: expected },
    { rtol, atol: 1e-12 },
    what,
  );
