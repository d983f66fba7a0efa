/** Too little memory: found before training, and what would fit is told. */
import '@tensorflow/tfjs-backend-cpu';
import { type Backend, startBackend } from '@dr2net/backends';
import { createBackbone } from '@dr2net/models';
import { actionRecognizer } from '@dr2net/video';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Loaded } from '../workers/finetune/model.ts';
import { planOf } from '../workers/finetune/plan.ts';

const settings = { model: 'embedded', frames: 8, size: 32, depth: 0, epochs: 1, batch: 16, learningRate: 1e-3 };

let backend: Backend;
let loaded: Loaded;
beforeAll(async () => {
  backend = await startBackend('cpu');
  const backbone = createBackbone(
    {
      model_type: 'videomae',
      hidden_size: 96,
      num_hidden_layers: 8,
      num_attention_heads: 3,
      image_size: 32,
      patch_size: 8,
      num_frames: 8,
    },
    1,
  );
  loaded = { backbone, recognizer: actionRecognizer(backbone, { classes: ['a', 'b'], head: 'new' }) };
});
afterAll(() => {
  loaded.recognizer.dispose();
  loaded.backbone.dispose();
});

const withMemory = (memory: number): Backend => ({ ...backend, limits: { memory } });

test('what fits is not refused', () => {
  const plan = planOf(loaded, { ...settings, method: 'conventional' }, withMemory(1e9));
  expect(plan.refusal).toBeUndefined();
  const bytes = Object.fromEntries(plan.rows.map(({ method, activationBytes }) => [method, activationBytes]));
  expect(bytes.exact).toBeLessThan((bytes.conventional ?? 0) / 3);
});

test('reversible counts where its schedule begins, with an anchor at nearly every state', () => {
  const { rows } = planOf(loaded, { ...settings, method: 'reversible' }, withMemory(1e9));
  const bytes = Object.fromEntries(rows.map(({ method, activationBytes }) => [method, activationBytes]));
  expect(bytes.reversible).toBeGreaterThan(bytes.exact ?? 0);
});

test('what does not fit is refused with what would', () => {
  const { rows } = planOf(loaded, { ...settings, method: 'conventional' }, withMemory(1e9));
  const needed = (method: string) => rows.find((row) => row.method === method)?.peakBytes ?? 0;
  const between = (needed('exact') + needed('conventional')) / 2;
  const { refusal } = planOf(loaded, { ...settings, method: 'conventional' }, withMemory(between));
  expect(refusal).toMatch(/^conventional needs [\d.]+ MB, and [\d.]+ MB are there\. exact needs [\d.]+ MB and fits\.$/);
});

test('where nothing fits, the settings that matter are named', () => {
  const { refusal } = planOf(loaded, { ...settings, method: 'exact' }, withMemory(1e6));
  expect(refusal).toMatch(/Nothing fits: take smaller batches \(now 16\), fewer frames/);
});
