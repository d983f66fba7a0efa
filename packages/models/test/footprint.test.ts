/** The model that the planner sees: its parameters are the real one's, nothing is left over after a step, bad input is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Method } from '@dr2net/core';
import { DryEngine, type MemorySetting, predictMemory } from '@dr2net/memory';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createBackbone,
  loadMemoryModel,
  memoryModel,
  methodSetting,
  newHead,
  publishedConfig,
  publishedNames,
} from '../src/index.ts';
import { temporaryFolder } from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const tiny = {
  videomae: {
    model_type: 'videomae',
    hidden_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    image_size: 16,
    patch_size: 8,
    num_frames: 4,
  },
  vit: {
    model_type: 'vit',
    hidden_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    image_size: 16,
    patch_size: 8,
  },
  deit: {
    model_type: 'deit',
    hidden_size: 24,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    image_size: 16,
    patch_size: 8,
  },
  dinov2: { model_type: 'dinov2', hidden_size: 24, num_hidden_layers: 2, num_attention_heads: 2, image_size: 28 },
};

const setting = (subBlocks: number): MemorySetting => ({
  ...methodSetting({ name: 'exact' }, { alpha: 63 / 64, beta: 1 / 64 }, subBlocks),
  ...{ read: 'last', batch: 8, backend: 'wasm' },
  training: { optimizer: 'adamw', decay: true, update: 'collect', accumulate: 1, chunks: 1, clip: false, ema: false },
});

describe.each(Object.entries(tiny))('%s', (_, config) => {
  test('has the parameters of the real model', () => {
    const backbone = createBackbone(config, 1);
    const head = newHead(backbone, { classes: 5, seed: 1 });
    const device = { bytes: 0, lazy: true, allocate: (bytes: number) => ({ bytes }), release: () => {} };
    const family = { products: 'reference', loops: true, oneCall: false, turnsToSum: false } as const;
    const model = memoryModel(config, { classes: 5 });
    const { parameters } = model.build(new DryEngine(device), family, { batch: 1, chunks: 1 });
    const shapes = [...backbone.parameters, ...head.parameters].map(({ shape }) => shape);
    expect(parameters.map(({ shape }) => shape)).toEqual(shapes);
    expect(model.parameterCount).toBe(parameters.reduce((sum, { size }) => sum + size, 0));
    expect(model.subBlocks).toBe(backbone.subBlocks.length);
    expect(model.stateSize).toBe(backbone.tokens * backbone.width);
    backbone.dispose();
    head.dispose();
  });
});

test('a bigger batch, more blocks and the kept activations take more', () => {
  const peak = (options: object, change: Partial<MemorySetting> = {}) => {
    const model = memoryModel(tiny.videomae, { classes: 3 }, { size: 32, ...options });
    return predictMemory(model, { ...setting(model.subBlocks), ...change }).activationPeakBytes;
  };
  const deep: Partial<MemorySetting> = { method: { name: 'conventional' } };
  expect(peak({ depth: 1 }, deep)).toBeLessThan(peak({}, deep));
  expect(peak({}, { batch: 9 })).toBeGreaterThan(peak({}));
  expect(peak({}, deep)).toBeGreaterThan(peak({}));
});

test('side information is what the bits say: 6 at β = 1/64', () => {
  const { sideWords } = setting(4);
  expect(sideWords(3200)).toBe((3200 * 6) / 32);
});

test('side information counts the bits that coarser grids take: 6 from each state of a pair at (1, 0.1) and 48 sub-blocks', () => {
  const lost = (method: Method, n: number) => {
    const planned = methodSetting(method, { alpha: 1, beta: 0.1 }, n).method;
    return planned.name === 'exact' ? planned.lostBits?.reduce((sum, bits) => sum + bits, 0) : undefined;
  };
  expect(lost({ name: 'exact' }, 48)).toBe(6);
  expect(lost({ name: 'exact' }, 24)).toBe(0);
  expect(lost({ name: 'exact', fractionBits: 16 }, 48)).toBe(0);
});

describe('loadMemoryModel', () => {
  test('reads config.json alone', async () => {
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), JSON.stringify(tiny.dinov2));
    const model = await loadMemoryModel(folder, { classes: 3 }, { frames: 4, size: 28 });
    expect(model.title).toBe('inflated, width 24, 2 blocks, 4×28²');
    expect(model.stateSize).toBe((1 + 2 * 4) * 24);
  });

  test('knows the published sizes', async () => {
    expect((await loadMemoryModel('videomae-base', { classes: 3 })).title).toBe('VideoMAE-B, 16×224²');
    expect((await loadMemoryModel('videomae-base', { classes: 3 }, { depth: 6 })).title).toContain('6 blocks');
    // VideoMAE-B has 86 million parameters, ViT-L 303 million.
    expect((await loadMemoryModel('videomae-base', { classes: 400 })).parameterCount).toBeCloseTo(86.5e6, -6);
    expect((await loadMemoryModel('vit-large', { classes: 1000 })).parameterCount).toBeCloseTo(304e6, -6);
    for (const name of publishedNames) expect(publishedConfig(name)?.config.hidden_size).toBeGreaterThan(100);
    expect(publishedConfig('videomae')).toBeUndefined();
  });

  test.each([
    [
      'videomae-bass',
      {},
      /no model folder.*Published sizes by name: videomae-tiny.*nearest known name is videomae-base/s,
    ],
    ['videomae-base', { frames: 15 }, /frames 15 does not fit.*14 and 16/],
    ['videomae-base', { size: 100 }, /size 100 does not fit.*96 and 112/],
    ['videomae-base', { depth: 13 }, /depth 13 does not fit: the model has 12 blocks/],
  ])('%s with %o is refused', async (name, options, message) => {
    await expect(loadMemoryModel(name, { classes: 3 }, options)).rejects.toThrow(message);
  });

  test('a head without classes is refused', () => {
    expect(() => memoryModel(tiny.vit, { classes: 0 })).toThrow(/classes 0 is not a whole number/);
  });
});
