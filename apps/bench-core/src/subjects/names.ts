/** What is measured: the methods of `@dr2net/core`, and the peers. */
import type { Coefficients, Method } from '@dr2net/core';

export interface MethodSetting {
  readonly method: Method;
  readonly coefficients: Coefficients;
}

/**
 * How each method is measured. `reversible` runs without anchors, at coefficients where 48 sub-blocks rebuild to 1e-5, which is beyond
 * its default tolerance: so on purpose.
 */
export const methodSettings = {
  conventional: { method: { name: 'conventional' }, coefficients: { alpha: 1, beta: 0 } },
  checkpoint: { method: { name: 'checkpoint' }, coefficients: { alpha: 1, beta: 0 } },
  reversible: {
    method: { name: 'reversible', anchors: 0, tolerance: Number.POSITIVE_INFINITY },
    coefficients: { alpha: 0.1, beta: 0.9 },
  },
  exact: { method: { name: 'exact' }, coefficients: { alpha: 63 / 64, beta: 1 / 64 } },
  frozen: { method: { name: 'frozen' }, coefficients: { alpha: 1, beta: 0 } },
} as const satisfies Readonly<Record<string, MethodSetting>>;

export type MethodName = keyof typeof methodSettings;

export const methodNames = Object.keys(methodSettings) as MethodName[];

/** Those that train the whole network: of them the largest that fits is asked where none is named. */
export const defaultLargestMethods: readonly MethodName[] = ['conventional', 'checkpoint', 'reversible', 'exact'];

/** `plain`: TensorFlow.js as a competent user writes it. `jax`: jax-js with jit. Both are the conventional step. */
export const peerNames = ['plain', 'jax'] as const;
export type PeerName = (typeof peerNames)[number];

export type SubjectName = MethodName | PeerName;
export const subjectNames: readonly SubjectName[] = [...peerNames, ...methodNames];

export function isMethod(name: SubjectName): name is MethodName {
  return name in methodSettings;
}

/** Those that compute the pretrained network itself (α = 1, β = 0) and all of its gradients: they must agree. */
export const conventionalOnes: ReadonlySet<SubjectName> = new Set(['plain', 'jax', 'conventional', 'checkpoint']);

/** jax-js has devices of its own; TensorFlow's native library is none of them. */
export function runsOn(name: SubjectName, backend: string): boolean {
  return name !== 'jax' || backend === 'webgpu' || backend === 'wasm';
}
