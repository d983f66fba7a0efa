/** What a Swin refuses: configurations, pictures and weights that do not fit. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectNoLeak } from '@dr2net/testing';
import { randomUniform, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { applyClassifier, createSwin, loadBackbone, loadSwin, newHead, saveBackbone } from '../src/index.ts';
import { temporaryFolder, writeModel } from './fixtures.ts';
import { conventional, tiny } from './swin-cases.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const root = temporaryFolder();
const newFolder = () => mkdtempSync(join(root, 'swin-'));

describe('refused', () => {
  const changed = (fields: object) => createSwin({ ...tiny, ...fields }, 1);
  test.each<[string, () => unknown, string | RegExp]>([
    [
      'heads that do not divide',
      () => changed({ num_heads: [1, 3, 4] }),
      '3 attention heads do not divide the width 8',
    ],
    ['depths and heads of other numbers', () => changed({ depths: [2, 2] }), /depths \[2,2\] and num_heads \[1,2,4\]/],
    ['absolute positions', () => changed({ use_absolute_embeddings: true }), /use_absolute_embeddings is true/],
    ['another activation', () => changed({ hidden_act: 'relu' }), /hidden_act is "relu"/],
    ['a size between patches', () => createSwin(tiny, 1, { size: 25 }), /multiple of the patch size 2/],
    ['a stage that is not there', () => createSwin(tiny, 1, { features: [1, 3] }), /features \[1,3\] do not fit/],
    ['stages out of order', () => createSwin(tiny, 1, { features: [1, 0] }), /rising order/],
    ['another architecture', () => createSwin({ model_type: 'vit' }, 1), /model_type vit is no Swin/],
    [
      'timm without the norm of patches',
      () => createSwin({ architecture: 'swin_tiny_patch4_window7_224', model_args: { patch_norm: false } }, 1),
      /patch_norm is false/,
    ],
  ])('%s', (_, make, message) => expectNoLeak(() => expect(make).toThrow(message)));

  test('pixels between patches, of another number of channels, with nothing left behind', () =>
    expectNoLeak(() => {
      const backbone = createSwin(tiny, 1);
      const head = newHead(backbone, { classes: 2, seed: 1 });
      for (const shape of [
        [1, 23, 24, 3],
        [1, 24, 24, 1],
      ]) {
        const pixels = randomUniform(shape, -1, 1, 'float32', 1);
        expect(() => applyClassifier(backbone, head, pixels, conventional)).toThrow(RangeError);
        pixels.dispose();
      }
      backbone.dispose();
      head.dispose();
    }));

  test('by loadBackbone, which names loadSwin', async () => {
    const folder = writeModel(newFolder(), { 'config.json': tiny });
    await expect(loadBackbone(folder)).rejects.toThrow('load it with loadSwin');
  });

  test('weights of another Swin', () =>
    expectNoLeak(async () => {
      const backbone = createSwin(tiny, 1);
      const folder = newFolder();
      await saveBackbone(folder, backbone);
      backbone.dispose();
      const weights = readFileSync(join(folder, 'model.safetensors'));
      const [deeper, wider] = [newFolder(), newFolder()];
      writeModel(deeper, {
        'config.json': { ...tiny, depths: [2, 2, 2] },
        'model.safetensors': new Uint8Array(weights),
      });
      writeModel(wider, { 'config.json': { ...tiny, window_size: 4 }, 'model.safetensors': new Uint8Array(weights) });
      await expect(loadSwin(deeper)).rejects.toThrow(/swin\.encoder\.layers\.1\.blocks\.1\.\S+ \[.*\] is missing/);
      await expect(loadSwin(wider)).rejects.toThrow(/relative_position_bias_table is \[25,1\] where .* needs \[49,1\]/);
    }));
});
