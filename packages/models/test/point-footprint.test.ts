/** A segmenter as the planner sees it: its parameters are the real one's, more points and clouds take more, bad input is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { DryEngine, type MemorySetting, predictMemory } from '@dr2net/memory';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createBackbone,
  createSegmenter,
  methodSetting,
  segmenterConfig,
  segmenterMemoryModel,
  segmenterMemoryModelOf,
  transformerSpec,
} from '../src/index.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const image = {
  model_type: 'dinov2',
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  image_size: 28,
};
const blocks = { spec: transformerSpec(image) };
const config = segmenterConfig(blocks, { classes: 5, channels: 4, groupSize: 8 });

function peak(points: number, change: Partial<MemorySetting> = {}, options: { fixedBlocks?: boolean } = {}) {
  const model = segmenterMemoryModel(config, { points, ...options });
  const training = { update: 'collect', accumulate: 1, chunks: 1, clip: false, ema: false } as const;
  return predictMemory(model, {
    ...methodSetting({ name: 'exact' }, { alpha: 63 / 64, beta: 1 / 64 }, model.subBlocks),
    ...{ read: 'last', batch: 2, backend: 'wasm' },
    training: { optimizer: 'adamw', decay: true, ...training },
    ...change,
  });
}

test('has the parameters of the real model, in both ways to describe it', () => {
  const segmenter = createSegmenter(config, 1);
  const device = { bytes: 0, lazy: true, allocate: (bytes: number) => ({ bytes }), release: () => {} };
  const family = { products: 'reference', loops: true, oneCall: false, turnsToSum: false } as const;
  for (const model of [
    segmenterMemoryModelOf(segmenter, { points: 256 }),
    segmenterMemoryModel(config, { points: 256 }),
  ]) {
    const { parameters } = model.build(new DryEngine(device), family, { batch: 1, chunks: 1 });
    expect(parameters.map(({ shape }) => shape)).toEqual(segmenter.parameters.map(({ shape }) => shape));
    expect(parameters.map(({ trainable }) => trainable)).toEqual(
      segmenter.parameters.map(({ trainable }) => trainable),
    );
    expect(model.parameterCount).toBe(parameters.reduce((sum, { size }) => sum + size, 0));
    expect(model.subBlocks).toBe(segmenter.modules.subBlocks.length);
    expect(model.stateSize).toBe((1 + 16) * 24);
  }
  segmenter.dispose();
});

test('more points, more clouds and the kept activations take more; blocks that keep their weights less', () => {
  const base = peak(1024).activationPeakBytes;
  expect(peak(4096).activationPeakBytes).toBeGreaterThan(base);
  expect(peak(1024, { batch: 4 }).activationPeakBytes).toBeGreaterThan(base);
  expect(peak(1024, { method: { name: 'conventional' } }).activationPeakBytes).toBeGreaterThan(base);
  expect(peak(1024, {}, { fixedBlocks: true }).peakBytes).toBeLessThan(peak(1024).peakBytes);
});

describe('is refused', () => {
  test.each([
    [() => segmenterMemoryModel(config, { points: 0 }), /points is 0; it must be a whole number/],
    [() => segmenterMemoryModel(config, { points: 15 }), /15 points leave no group; give samples 32 points or more/],
    [() => segmenterMemoryModel(config, { points: 256, shift: 'once' }), /shift is once, but config.json adds/],
    [
      () => segmenterMemoryModel(config, { points: 256, blocks: transformerSpec({ ...image, hidden_size: 36 }) }),
      /gives width 24, the dinov2 blocks have 36/,
    ],
  ])('%#', (make, message) => {
    expect(make).toThrow(message);
  });
});

test('the numbers of a transformer are those of the loaded one', () => {
  const backbone = createBackbone(image, 1);
  expect(blocks.spec).toEqual(backbone.spec);
  backbone.dispose();
});
