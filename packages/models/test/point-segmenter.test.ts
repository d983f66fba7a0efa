/** Segmenters that are saved, made new, and refused. */
import '@tensorflow/tfjs-backend-cpu';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inference } from '@dr2net/ops';
import { expectIdentical, expectNoLeak } from '@dr2net/testing';
import { memory, setBackend, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { ConfigReader } from '../src/architectures/config.ts';
import {
  applySegmenter,
  createBackbone,
  createSegmenter,
  loadSegmenter,
  pointGeometry,
  readPointSpec,
  saveSegmenter,
  traceSegmenter,
} from '../src/index.ts';
import { referenceCase } from './cases.ts';
import { temporaryFolder } from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const config = (encoder: object = {}) => ({
  model: {
    NAME: 'BaseSeg',
    encoder_args: {
      NAME: 'PointViT',
      in_channels: 2,
      embed_dim: 12,
      depth: 2,
      num_heads: 2,
      qkv_bias: true,
      embed_args: { NAME: 'P3Embed', group: 'knn', group_size: 4, norm_args: { norm: 'ln2d' } },
      ...encoder,
    },
    decoder_args: { NAME: 'PointViTDecoder', global_feat: 'cls,max', progressive_input: true },
    cls_args: { NAME: 'SegHead', num_classes: 3, mlps: [8], norm_args: { norm: 'ln1d' } },
  },
});

const cloud = (points: number) => Float32Array.from({ length: 3 * points }, (_, i) => Math.sin(12.9898 * (i + 1)));
const run = { coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' }, context: inference } as const;

describe('a segmenter', () => {
  const data = referenceCase('pointvit-p3embed');

  test.skipIf(!data)('saved has the names and bits that it was loaded from', async () => {
    const folder = temporaryFolder();
    const model = await loadSegmenter(data!.folder, { shift: 'branch' });
    const training = { coefficients: { alpha: 0.5, beta: 0.6 }, read: 'mean', method: { name: 'exact' } } as const;
    await saveSegmenter(folder, model, { training });
    const again = await loadSegmenter(folder);
    expect(again.training).toEqual(training);
    expect(again.spec).toEqual(model.spec);
    for (const [i, parameter] of model.parameters.entries())
      await expectIdentical(again.parameters[i]!.variable, parameter.variable, parameter.name);
    expect(model.unused.every((key) => key.endsWith('num_batches_tracked'))).toBe(true);
    const saved = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    expect(saved.model).toEqual(model.config.model);
    for (const item of [model, again]) item.dispose();
  });

  test("takes an image model's blocks", async () => {
    const image = createBackbone(
      {
        model_type: 'dinov2',
        hidden_size: 12,
        num_hidden_layers: 3,
        num_attention_heads: 2,
        image_size: 8,
        patch_size: 4,
      },
      1,
    );
    const before = memory().numTensors;
    expect(() => createSegmenter(config(), 2, { blocks: image })).toThrow('layerScale false');
    expect(memory().numTensors).toBe(before);
    const model = createSegmenter(config({ init_values: 1 }), 2, { blocks: image });
    const known = new Map(image.parameters.map((parameter) => [parameter.name, parameter]));
    const taken = model.parameters.filter(({ name }) => known.has(name));
    expect(taken.length).toBe(2 * 14 + 2);
    for (const parameter of taken)
      await expectIdentical(parameter.variable, known.get(parameter.name)!.variable, parameter.name);
    model.dispose();
    image.dispose();
  });

  test('gives the same bits with and without gradient', () =>
    expectNoLeak(async () => {
      const model = createSegmenter(config(), 3);
      const geometry = pointGeometry(model.spec, cloud(2 * 64), 2);
      const features = tensor(cloud(2 * 64).subarray(0, 2 * 2 * 64), [2, 64, 2]);
      const applied = applySegmenter(model, features, geometry, run);
      const { value, pullback } = traceSegmenter(model, features, geometry, run);
      pullback.dispose();
      await expectIdentical(value, applied, 'logits');
      for (const item of [model, features, applied, value]) item.dispose();
    }));

  test('leaves nothing behind when it fails', () =>
    expectNoLeak(async () => {
      const model = createSegmenter(config(), 3);
      const geometry = pointGeometry(model.spec, cloud(64), 1);
      const features = zeros([1, 60, 2]);
      expect(() => traceSegmenter(model, features, geometry, run)).toThrow('the map takes 64 rows');
      for (const item of [model, features]) item.dispose();
    }));
});

const spec = (encoder: object = {}) => readPointSpec(new ConfigReader(config(encoder)));
const large = { embed_args: { NAME: 'P3Embed', group: 'knn', group_size: 20 } };

test.each([
  ['a NaN', () => pointGeometry(spec(), cloud(64).fill(Number.NaN, 30, 31), 1), 'point 10: x is NaN'],
  ['too few points', () => pointGeometry(spec(), cloud(3), 1), '3 points leave no group'],
  [
    'fewer points than neighbours',
    () => pointGeometry(spec(large), cloud(16), 1),
    'k is 20 where the cloud has 16 points',
  ],
  ['odd sizes', () => pointGeometry(spec(), cloud(65), 2), '195 numbers are no 2 clouds'],
  ['another shift', () => createSegmenter(config(), 1, { shift: 'once' }), 'shift is once'],
  ['random samples', () => createSegmenter(config({ embed_args: { subsample: 'random' } }), 1), 'only farthest point'],
])('%s is refused', (_, act, message) => {
  expect(act).toThrow(message);
});
