/**
 * What every op needs of the engine: another handle on a tensor's data, scopes that leak nothing when they throw, and
 * the choice of an implementation by the active backend.
 */
import { getBackend, keep, reshape, type Tensor, type TensorContainer, tidy } from '@tensorflow/tfjs-core';
import type { recorderBackend } from './recorder/record.ts';
import { works } from './webgpu/failures.ts';

/** The names of the backends, as `tf.getBackend()` gives them. */
export type BackendName = 'webgpu' | 'tensorflow' | 'wasm' | 'cpu' | typeof recorderBackend;

/** Implementations of one op: `reference` runs on every backend, the others where they are named. */
export type Implementations<Kernel> = { readonly reference: Kernel } & { readonly [Name in BackendName]?: Kernel };

/**
 * The implementation for the active backend.
 * @param shaders the families of shaders that the one of WebGPU uses; where one does not compile, the reference is chosen
 */
export function choose<Kernel>(implementations: Implementations<Kernel>, ...shaders: string[]): Kernel {
  const backend = getBackend() as BackendName;
  if (backend === 'webgpu' && !shaders.every(works)) return implementations.reference;
  return implementations[backend] ?? implementations.reference;
}

/**
 * A second handle on the same data, owned by the caller; no byte is copied. (`clone()` copies on wasm.) It sees the
 * values of now: a variable may be assigned afterwards.
 */
export function share<T extends Tensor>(x: T): T {
  return (getBackend() === 'wasm' ? reshape(x, x.shape) : x.clone()) as T;
}

/** `share` for a pullback: survives the `tidy` it was made in, until it is disposed. */
export function hold<T extends Tensor>(x: T): T {
  return keep(share(x));
}

/** Runs `body`; when it throws, everything that it made is freed. What it returns is owned by the caller. */
export function scope<T extends TensorContainer>(body: () => T): T {
  return tidy(body);
}

/** All but the last axis as rows: [..., C] → [rows, C], the same data. */
export function rows(x: Tensor): Tensor {
  const columns = x.shape[x.shape.length - 1] ?? 1;
  return reshape(x, [-1, columns]);
}

/** Frees `used` and gives `result`: for chains whose intermediates must not live on. */
export function after<T>(result: T, ...used: Tensor[]): T {
  for (const tensor of used) tensor.dispose();
  return result;
}
