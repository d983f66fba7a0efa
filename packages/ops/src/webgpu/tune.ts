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
  precisionOf,
  type Size,
  setChoices,
} from './tiles.ts';

/** Keeps what was measured, so that it is measured once an adapter; `localStorage` is one. */
export interface TuneStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** What {@link tune} is told. */
export interface TuneOptions {
  /** Default: `localStorage` where there is one that can be used, else nothing is kept beyond this device. */
  readonly store?: TuneStore;
  /** Measure again what is known. */
  readonly again?: boolean;
  /**
   * `float16`: products round their factors to 16 bits and add up in 32; states and gradients stay float32. Halves the traffic of workgroup
   * memory; gradients lose about three digits. Default: what this device was tuned for before, at first `float32`.
   */
  readonly precision?: 'float32' | 'float16';
}

/** What {@link tune} found. */
export interface TuneReport {
  readonly adapter: string;
  /** Whether it was measured now. */
  readonly measured: boolean;
  /** The tile of each form of product and size. */
  readonly choices: Readonly<Choices>;
}

/** [m, k, n] of the product that stands for a size. */
const sizes: Readonly<Record<Size, readonly [number, number, number]>> = {
  small: [256, 128, 256],
  large: [512, 256, 512],
};
const combinations = (['small', 'large'] as const).flatMap((size) =>
  (['NN', 'NT', 'TN'] as const).map((form) => ({ form, size, name: `${form} ${size}` as const })),
);
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

/** What a store has, where it is a choice of these tiles: one of another version of this package may be there. */
function known(store: TuneStore | undefined, key: string, tiles: readonly Tile[]): Choices | undefined {
  const texts = new Map(tiles.map((tile) => [JSON.stringify(tile), tile]));
  try {
    const kept = JSON.parse(store?.getItem(key) ?? '{}') as Record<string, unknown>;
    const choices: Choices = {};
    for (const { name } of combinations) {
      const tile = texts.get(JSON.stringify(kept[name]));
      if (!tile) return undefined;
      choices[name] = tile;
    }
    return choices;
  } catch {
    // Not JSON, or a store that may not be read.
    return undefined;
  }
}

/** `localStorage`, where the platform has one: some have the name alone, some throw when it is read. */
function usualStore(): TuneStore | undefined {
  try {
    const store: Partial<TuneStore> | undefined = globalThis.localStorage;
    return store?.getItem && store.setItem ? (store as TuneStore) : undefined;
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
  const { device } = webgpuBackend();
  const { store = usualStore(), again = false, precision = precisionOf(device) ?? 'float32' } = options;
  const adapter = adapterWords(device);
  if (precision === 'float16' && !device.features.has('shader-f16'))
    throw new RangeError(`tune: ${adapter} cannot calculate in float16 (no shader-f16); leave precision at float32.`);
  const key = keyOf(adapter, precision);
  const tiles = precision === 'float16' ? halfCandidates : candidates;
  const kept = again ? undefined : (choicesOf(device, precision) ?? known(store, key, tiles));
  if (kept) {
    setChoices(device, precision, kept);
    return { adapter, measured: false, choices: kept };
  }
  const choices: Choices = {};
  for (const { form, size, name } of combinations) choices[name] = await fastest(form, size, tiles);
  setChoices(device, precision, choices);
  try {
    store?.setItem(key, JSON.stringify(choices));
  } catch {
    // A full store: measured again at the next start.
  }
  return { adapter, measured: true, choices };
}
