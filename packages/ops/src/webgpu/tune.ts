/**
 * The tuner: times the tiles of products on this device and takes the fastest. Different tiles add in the same order, but a rebuild must
 * run the shaders of its forward pass, so tiles change here only, never in the middle of a step.
 */
import { getBackend, randomNormal, type Tensor } from '@tensorflow/tfjs-core';
import { webgpuBackend } from './backend.ts';
import { dispatch } from './dispatch.ts';
import { type Product, productShader, type Tile, tileSize } from './product.ts';
import {
  adapterWords,
  type Choices,
  candidates,
  choicesOf,
  type Form,
  halfCandidates,
  type Size,
  setChoices,
} from './tiles.ts';

/** Keeps what was measured, so that it is measured once an adapter; `localStorage` is one. */
export interface TuneStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export interface TuneOptions {
  /** Default: `localStorage` where there is one, else nothing is kept beyond this device. */
  readonly store?: TuneStore;
  /** Measure again what is known. */
  readonly again?: boolean;
  /**
   * `float16`: products round their factors to 16 bits and add up in 32; states and gradients stay float32. Halves the traffic of workgroup
   * memory; gradients lose about three digits. Default `float32`.
   */
  readonly precision?: 'float32' | 'float16';
}

export interface TuneReport {
  readonly adapter: string;
  /** Whether it was measured now. */
  readonly measured: boolean;
  /** The tile of each form of product and size. */
  readonly choices: Readonly<Choices>;
}

const forms: readonly Form[] = ['NN', 'NT', 'TN'];
/** [m, k, n] of the product that stands for a size. */
const sizes: Readonly<Record<Size, readonly [number, number, number]>> = {
  small: [256, 128, 256],
  large: [512, 256, 512],
};
const repetitions = 3;

const keyOf = (adapter: string, precision: string) => `dr2net tiles 1: ${adapter}, ${precision}`;

async function finished(): Promise<void> {
  const backend = webgpuBackend();
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.device.queue.onSubmittedWorkDone();
}

/** Milliseconds of a product, the best of some. */
async function time(product: Product, [m, k, n]: readonly [number, number, number], a: Tensor, b: Tensor) {
  const shader = productShader(product);
  const [rows, columns] = tileSize(product);
  const groups = [Math.ceil(n / columns), Math.ceil(m / rows), 1] as const;
  let best = Number.POSITIVE_INFINITY;
  // The first one compiles.
  for (let i = 0; i <= repetitions; i++) {
    const start = performance.now();
    const [c] = dispatch(shader, [a, b], [{ shape: [m, n] }], { m, k, columns: n / 4 }, groups) as [Tensor];
    await finished();
    c.dispose();
    if (i > 0) best = Math.min(best, performance.now() - start);
  }
  return best;
}

async function fastest(form: Form, size: Size, tiles: readonly Tile[]): Promise<Tile> {
  const [m, k, n] = sizes[size];
  const common = { bias: false, activation: 'none', residual: 'none', sums: false, aligned: true } as const;
  const [a, b] = [randomNormal([m, k]), randomNormal([k, n])];
  try {
    await finished();
    let best: { tile: Tile; ms: number } | undefined;
    for (const tile of tiles) {
      const product = { ...common, transposeA: form === 'TN', transposeB: form === 'NT', tile };
      const ms = await time(product, sizes[size], a, b);
      if (!best || ms < best.ms) best = { tile, ms };
    }
    return best!.tile;
  } finally {
    a.dispose();
    b.dispose();
  }
}

function known(store: TuneStore | undefined, key: string): Choices | undefined {
  const text = store?.getItem(key);
  if (!text) return undefined;
  try {
    return JSON.parse(text) as Choices;
  } catch {
    return undefined;
  }
}

/**
 * Chooses the tiles of products for the device of the WebGPU backend; call it once, after the backend started and before training. Without
 * it a usual tile is taken. A second on software, less on a GPU; nothing where it is known.
 * @returns what was chosen; undefined on other backends, where there is nothing to choose
 * @throws RangeError for float16 on a device without `shader-f16`
 */
export async function tune(options: TuneOptions = {}): Promise<TuneReport | undefined> {
  if (getBackend() !== 'webgpu') return undefined;
  const { store = globalThis.localStorage, again = false, precision = 'float32' } = options;
  const { device } = webgpuBackend();
  const adapter = adapterWords(device);
  if (precision === 'float16' && !device.features.has('shader-f16'))
    throw new RangeError(`tune: ${adapter} cannot calculate in float16 (no shader-f16); leave precision at float32.`);
  const key = keyOf(adapter, precision);
  const kept = again ? undefined : (choicesOf(device, precision) ?? known(store, key));
  if (kept) {
    setChoices(device, precision, kept);
    return { adapter, measured: false, choices: kept };
  }
  const tiles = precision === 'float16' ? halfCandidates : candidates;
  const choices: Choices = {};
  for (const size of ['small', 'large'] as const)
    for (const form of forms) choices[`${form} ${size}`] = await fastest(form, size, tiles);
  setChoices(device, precision, choices);
  store?.setItem(key, JSON.stringify(choices));
  return { adapter, measured: true, choices };
}
