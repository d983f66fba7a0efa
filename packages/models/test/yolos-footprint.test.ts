/** A YOLOS as the planner sees it: its parameters are the real one's, larger pictures take more, published sizes, bad input is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { DryEngine, type MemorySetting, predictMemory } from '@dr2net/memory';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createYolos,
  methodSetting,
  publishedConfig,
  transformerSpec,
  type YolosMemoryOptions,
  yolosConfig,
  yolosMemoryModel,
  yolosMemoryModelOf,
} from '../src/index.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const image = {
  model_type: 'dinov2',
  hidden_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  image_size: 28,
};
const config = yolosConfig(
  { spec: transformerSpec(image) },
  { classes: ['a', 'b'], size: [28, 42], detectionTokens: 7, midPositions: true },
);

function predicted(options: YolosMemoryOptions = {}, change: Partial<MemorySetting> = {}) {
  const model = yolosMemoryModel(config, options);
  const training = { update: 'collect', accumulate: 1, chunks: 1, clip: false, ema: false } as const;
  return predictMemory(model, {
    ...methodSetting({ name: 'exact' }, { alpha: 63 / 64, beta: 1 / 64 }, model.subBlocks),
    ...{ read: 'last', batch: 8, backend: 'wasm' },
    training: { optimizer: 'adamw', decay: true, ...training },
    ...change,
  });
}

test('has the parameters of the real model, in both ways to describe it', async () => {
  const detector = await createYolos(config, 1);
  const device = { bytes: 0, lazy: true, allocate: (bytes: number) => ({ bytes }), release: () => {} };
  const family = { products: 'reference', loops: true, oneCall: false, turnsToSum: false } as const;
  for (const model of [yolosMemoryModelOf(detector), yolosMemoryModel(config)]) {
    const { parameters } = model.build(new DryEngine(device), family, { batch: 1, chunks: 1 });
    expect(parameters.map(({ shape }) => shape)).toEqual(detector.parameters.map(({ shape }) => shape));
    expect(model.parameterCount).toBe(parameters.reduce((sum, { size }) => sum + size, 0));
    expect(model.subBlocks).toBe(detector.modules.subBlocks.length);
    expect(model.stateSize).toBe((1 + 6 + 7) * 24);
  }
  detector.dispose();
});

test('larger pictures, more of them and the kept activations take more; blocks that keep their weights, and fewer, less', () => {
  const base = predicted().activationPeakBytes;
  expect(predicted({ size: [56, 84] }).activationPeakBytes).toBeGreaterThan(base);
  expect(predicted({}, { batch: 9 }).activationPeakBytes).toBeGreaterThan(base);
  expect(predicted({}, { method: { name: 'conventional' } }).activationPeakBytes).toBeGreaterThan(base);
  expect(predicted({ fixedBlocks: true }).peakBytes).toBeLessThan(predicted().peakBytes);
  expect(predicted({ depth: 1 }).peakBytes).toBeLessThan(predicted().peakBytes);
});

describe('published sizes', () => {
  const published = (name: string, options: YolosMemoryOptions = {}) =>
    yolosMemoryModel(publishedConfig(name)?.config ?? {}, options);

  test.each([
    // Parameters as the paper counts them, those of the positions before every block included (arXiv 2106.00666, table 2).
    ['yolos-tiny', 6.5e6, (1 + 50 * 83 + 100) * 192],
    ['yolos-small', 30.7e6, (1 + 32 * 54 + 100) * 384],
    ['yolos-base', 127e6, (1 + 50 * 84 + 100) * 768],
  ])('%s', (name, parameters, state) => {
    const model = published(name);
    expect(Math.abs(model.parameterCount / parameters - 1)).toBeLessThan(0.02);
    expect(model.stateSize).toBe(state);
  });

  test('at another size', () => {
    expect(published('yolos-small', { size: [336, 448] }).title).toBe(
      'YOLOS, width 384, 12 blocks, 336×448, 100 detections',
    );
  });
});

test.each<[YolosMemoryOptions, RegExp]>([
  [{ size: [28, 40] }, /size 28×40 does not fit: its width must be a multiple of the patch size 14; .* 28 and 42/],
  [{ depth: 4 }, /depth 4 does not fit/],
])('%o is refused', (options, message) => {
  expect(() => yolosMemoryModel(config, options)).toThrow(message);
});
