/**
 * Which implementations of `@dr2net/ops` a backend runs. `graphs` (node) makes what it needs on its way inside one call of
 * TensorFlow: no tensors, but memory of the device; it is node with our own operations, as `startBackend('node')` loads them.
 * `shaders` are WebGPU's.
 */
import type { PlannedBackend } from '../devices/index.ts';
import type { DryEngine, DryTensor } from '../engine.ts';

/** Which implementations of `@dr2net/ops` a backend runs: what they keep differs. */
export interface KernelFamily {
  readonly products: 'simd' | 'graphs' | 'shaders' | 'reference';
  /** Loops in JavaScript over the values, or kernels of the backend. */
  readonly loops: boolean;
  /** Whether the update of a state and its inverse are one call each: operations and shaders of our own. */
  readonly oneCall: boolean;
  /** Whether a sum over rows turns the matrix first. */
  readonly turnsToSum: boolean;
}

const families: Readonly<Record<PlannedBackend, KernelFamily>> = {
  wasm: { products: 'simd', loops: true, oneCall: true, turnsToSum: true },
  cpu: { products: 'reference', loops: true, oneCall: false, turnsToSum: false },
  node: { products: 'graphs', loops: false, oneCall: true, turnsToSum: false },
  // TensorFlow on a GPU runs raw operations, whose tensors are those of the reference but for the scale's product.
  'node-gpu': { products: 'reference', loops: false, oneCall: false, turnsToSum: false },
  webgpu: { products: 'shaders', loops: false, oneCall: true, turnsToSum: true },
};

export function kernelFamily(backend: PlannedBackend): KernelFamily {
  return families[backend];
}

/** Σ over rows of x [rows, width] → [width]. */
export function sumOfRows(engine: DryEngine, { turnsToSum }: KernelFamily, x: DryTensor, width: number): DryTensor {
  return turnsToSum ? engine.scratch([4 * x.size], () => engine.op(width, x)) : engine.op(width, x);
}

/** Blocks of rows that WebGPU's shaders sum over before they add up the blocks (`row-sums.ts` of `@dr2net/ops`). */
export const rowBlocks = (rows: number): number => Math.min(64, Math.ceil(rows / 32));
