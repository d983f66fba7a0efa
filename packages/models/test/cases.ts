/** The reference cases: independent float64 results of published models, beside the repository in `../shared`. */
import { join } from 'node:path';
import type { Coefficients } from '@dr2net/core';
import { type ReferenceTensor, readReference, sharedPath, toTensor } from '@dr2net/testing';
import { type Tensor, transpose } from '@tensorflow/tfjs-core';

export const classifierCases = [
  'vit-hf',
  'vit-timm',
  'deit-distilled-timm',
  'dinov2-hf',
  'videomae',
  'videomae-first-token',
] as const;

export interface Variant {
  readonly name: string;
  readonly coefficients: Coefficients;
}

export interface ReferenceCase {
  readonly folder: string;
  readonly expected: Map<string, ReferenceTensor>;
  readonly variants: readonly Variant[];
}

/** α and β of a variant's name, `dr2net-a0.5-b0.6`; `conventional` is (1, 0). */
function coefficientsOf(name: string): Coefficients {
  const [, alpha, beta] = name.match(/^dr2net-a([\d.]+)-b([\d.]+)$/) ?? [];
  return alpha === undefined ? { alpha: 1, beta: 0 } : { alpha: Number(alpha), beta: Number(beta) };
}

/** undefined, and a printed line, where the shared folder is absent. */
export function referenceCase(name: string): ReferenceCase | undefined {
  const folder = sharedPath(`reference/${name}`);
  if (!folder) return undefined;
  const expected = readReference(join(folder, 'expected.safetensors'));
  const names = new Set([...expected.keys()].filter((key) => key.includes('/')).map((key) => key.split('/')[0]!));
  return {
    folder,
    expected,
    variants: [...names].map((variant) => ({ name: variant, coefficients: coefficientsOf(variant) })),
  };
}

/** A reference tensor that must be there. */
export function reference(expected: Map<string, ReferenceTensor>, key: string): ReferenceTensor {
  const found = expected.get(key);
  if (!found) throw new Error(`The reference file has no ${key}.`);
  return found;
}

/** `input.pixel_values`, channels last. */
export function inputPixels(expected: Map<string, ReferenceTensor>): Tensor {
  const published = toTensor(reference(expected, 'input.pixel_values'));
  const pixels = transpose(published, published.rank === 5 ? [0, 1, 3, 4, 2] : [0, 2, 3, 1]);
  published.dispose();
  return pixels;
}
