/** Saving: what was loaded comes back bit for bit, what was trained is remembered, and a failure leaves nothing behind. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inference, trainingContext } from '@dr2net/ops';
import { expectIdentical, expectNoLeak, readReference, sharedPath } from '@dr2net/testing';
import { randomUniform, setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  applyClassifier,
  createBackbone,
  inflate,
  loadBackbone,
  newHead,
  pretrainedHead,
  readLabels,
  type SavedTraining,
  saveBackbone,
  saveModel,
} from '../src/index.ts';
import { temporaryFolder, tinyConfig, writeTinyModel } from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const root = temporaryFolder();
const newFolder = () => mkdtempSync(join(root, 'saved-'));
const readJson = (folder: string, file = 'config.json') => JSON.parse(readFileSync(join(folder, file), 'utf8'));

const published = ['vit-hf', 'vit-timm', 'deit-distilled-timm', 'dinov2-hf', 'videomae', 'videomae-first-token'];
describe.each(published)('%s', (name) => {
  const folder = sharedPath(`reference/${name}`);
  test.skipIf(!folder)('is saved as it was read, with head and mask token, and the same again', () =>
    expectNoLeak(async () => {
      const [first, second] = [newFolder(), newFolder()];
      for (const [from, to] of [
        [folder!, first],
        [first, second],
      ] as const) {
        const backbone = await loadBackbone(from);
        await saveBackbone(to, backbone);
        backbone.dispose();
      }
      const original = readReference(join(folder!, 'model.safetensors'));
      const saved = readReference(join(second, 'model.safetensors'));
      expect([...saved.keys()].sort()).toEqual([...original.keys()].sort());
      for (const [key, tensor] of original) await expectIdentical(saved.get(key)!, tensor, key);
      const file = (of: string) => readFileSync(join(of, 'model.safetensors'));
      expect(file(second).equals(file(first))).toBe(true);
      expect(readJson(second)).toMatchObject(readJson(folder!));
    }),
  );
});

const training: SavedTraining = {
  coefficients: { alpha: 63 / 64, beta: 1 / 64 },
  read: 'last',
  method: { name: 'exact', fractionBits: 20 },
};

test('an inflated model with a new head, labels, α, β and method is the same model when it is loaded', () =>
  expectNoLeak(async () => {
    const folder = newFolder();
    const pixels = randomUniform([2, 4, 8, 8, 3], -1, 1, 'float32', 1);
    const run = { ...training, context: inference };
    const backbone = inflate(createBackbone(tinyConfig, 5), { frames: 4 });
    const head = newHead(backbone, { classes: 3, seed: 1, pooling: 'mean', norm: true });
    await saveBackbone(folder, backbone, { head, labels: ['a', 'b', 'c'], training });
    const before = applyClassifier(backbone, head, pixels, run);
    backbone.dispose();
    head.dispose();

    const again = await loadBackbone(folder);
    expect(again.training).toEqual(training);
    expect(again.unused).toEqual([]);
    expect(again.architecture).toBe('inflated');
    expect(again.input).toMatchObject({ kind: 'video', frames: 4, size: 8 });
    expect(readLabels(again.config)).toEqual(['a', 'b', 'c']);
    const headAgain = pretrainedHead(again);
    expect(headAgain.form).toEqual({ pooling: 'mean', norm: 'fc_norm', epsilon: 1e-6, outputs: ['classifier'] });
    const after = applyClassifier(again, headAgain, pixels, run);
    await expectIdentical(after, before, 'logits');

    // Saved once more without a word about head and training, it keeps both.
    const third = newFolder();
    await saveBackbone(third, again);
    expect(readJson(third)).toEqual(readJson(folder));
    for (const item of [again, headAgain, before, after, pixels]) item.dispose();
  }));

test('normalisation of the pixels is saved', async () => {
  const folder = writeTinyModel(newFolder());
  writeFileSync(
    join(folder, 'preprocessor_config.json'),
    JSON.stringify({ image_mean: [0.1, 0.2, 0.3], image_std: [1, 2, 3] }),
  );
  const backbone = await loadBackbone(folder);
  const saved = newFolder();
  await saveBackbone(saved, backbone);
  backbone.dispose();
  const again = await loadBackbone(saved);
  expect(again.input).toMatchObject({ mean: [0.1, 0.2, 0.3], std: [1, 2, 3] });
  again.dispose();
});

describe('a failure', () => {
  const values = { key: 'a', shape: [2], read: () => new Float32Array([1, 2]) };

  test('in the middle leaves the earlier files whole and nothing beside them', async () => {
    const folder = newFolder();
    await saveModel(folder, { model_type: 'first' }, [values]);
    const before = readFileSync(join(folder, 'model.safetensors'));
    const broken = { key: 'b', shape: [1], read: () => Promise.reject(new Error('the disk is full')) };
    await expect(saveModel(folder, { model_type: 'second' }, [values, broken])).rejects.toThrow('the disk is full');
    expect(readFileSync(join(folder, 'model.safetensors')).equals(before)).toBe(true);
    expect(readJson(folder)).toEqual({ model_type: 'first' });
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors']);
  });

  test('names the folder that cannot be written', async () => {
    const file = join(newFolder(), 'taken');
    writeFileSync(file, '');
    await expect(saveModel(join(file, 'model'), {}, [values])).rejects.toThrow(/taken.*cannot be written/);
  });

  test('names a tensor whose values do not fit its shape, and a key that comes twice', async () => {
    await expect(saveModel(newFolder(), {}, [{ ...values, shape: [3] }])).rejects.toThrow(
      /Tensor a has 2 values.*needs 3/,
    );
    await expect(saveModel(newFolder(), {}, [values, values])).rejects.toThrow(/Two tensors have the key a/);
  });
});

test('masks of stochastic depth follow from the context alone', () =>
  expectNoLeak(async () => {
    const backbone = createBackbone(tinyConfig, 5, { dropPath: 0.5 });
    const head = newHead(backbone, { classes: 3, seed: 1, dropout: 0.5 });
    const pixels = randomUniform([8, 8, 8, 3], -1, 1, 'float32', 1);
    const logits = (step: number) =>
      applyClassifier(backbone, head, pixels, {
        coefficients: { alpha: 1, beta: 0 },
        method: { name: 'conventional' },
        context: trainingContext(7, step),
      });
    const [a, b, c] = [logits(0), logits(0), logits(1)];
    await expectIdentical(a, b);
    expect(await a.data()).not.toEqual(await c.data());
    for (const item of [backbone, head, pixels, a, b, c]) item.dispose();
  }));
