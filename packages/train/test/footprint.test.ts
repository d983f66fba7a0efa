/**
 * Predicted memory against metered memory: the planner's dry run of a step must see the same peaks as the meter of the real
 * one, for every method and update mode, on every backend.
 */
import type { Coefficients, Method } from '@dr2net/core';
import { type MemoryPrediction, type PlannedOptimizer, predictMemory } from '@dr2net/memory';
import { createBackbone, type ModelOptions, memoryModel, methodSetting } from '@dr2net/models';
import { testBackends } from '@dr2net/testing';
import { actionRecognizer, type ClipBatch } from '@dr2net/video';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamW, type FinetuneOptions, finetune, sgd } from '../src/index.ts';
import { classes, clips } from './clips.ts';

interface Case {
  readonly config: Record<string, unknown>;
  readonly options?: ModelOptions;
  readonly batch?: number;
}

const videomae = {
  model_type: 'videomae',
  hidden_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 128,
  image_size: 32,
  patch_size: 8,
  num_frames: 4,
  tubelet_size: 2,
};
const dinov2 = {
  model_type: 'dr2net-inflated-vit',
  num_frames: 4,
  tubelet_size: 2,
  image_model: {
    model_type: 'dinov2',
    hidden_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    image_size: 28,
    patch_size: 14,
  },
};
const deit = { ...dinov2, image_model: { ...dinov2.image_model, model_type: 'deit', hidden_dropout_prob: 0.1 } };

const cases: Record<string, Case> = {
  VideoMAE: { config: videomae },
  'one block, three samples': { config: videomae, options: { depth: 1 }, batch: 3 },
  'stochastic depth, the class token': { config: { ...videomae, use_mean_pooling: false }, options: { dropPath: 0.2 } },
  'DINOv2 inflated': { config: dinov2 },
  'DeiT inflated, dropout': { config: deit },
};

const exactly: Coefficients = { alpha: 63 / 64, beta: 1 / 64 };
const backwards: Coefficients = { alpha: 0.1, beta: 0.9 };
const pretrained: Coefficients = { alpha: 1, beta: 0 };
interface Wiring {
  readonly title: string;
  readonly method: Method;
  readonly coefficients: Coefficients;
  readonly read?: 'last' | 'mean';
  /** How far the prediction may be off, relative; default 0.005. */
  readonly slack?: number;
}

const methods: Wiring[] = [
  { title: 'conventional', method: { name: 'conventional' }, coefficients: pretrained },
  { title: 'conventional, any coefficients', method: { name: 'conventional' }, coefficients: backwards },
  { title: 'checkpoint', method: { name: 'checkpoint' }, coefficients: pretrained },
  { title: 'checkpoint every 2', method: { name: 'checkpoint', every: 2 }, coefficients: exactly },
  { title: 'frozen', method: { name: 'frozen' }, coefficients: pretrained },
  { title: 'reversible', method: { name: 'reversible' }, coefficients: backwards },
  {
    title: 'reversible, head reads the mean',
    method: { name: 'reversible' },
    coefficients: { alpha: 0, beta: 1 },
    read: 'mean',
  },
  {
    title: 'reversible with an anchor',
    method: { name: 'reversible', anchors: 1 },
    coefficients: backwards,
    slack: 0.03,
  },
  { title: 'exact', method: { name: 'exact' }, coefficients: exactly },
  {
    title: 'exact, the grid coarsens',
    method: { name: 'exact' },
    coefficients: { alpha: 3.9, beta: 3.9 },
    slack: 0.002,
  },
  { title: 'exact, β = 0.1, verified', method: { name: 'exact', verify: true }, coefficients: { alpha: 1, beta: 0.1 } },
];

const few = methods.filter(({ title }) => ['conventional', 'checkpoint', 'exact', 'frozen'].includes(title));

interface Training extends Pick<FinetuneOptions<ClipBatch>, 'update' | 'accumulate' | 'chunks' | 'ema' | 'clip'> {
  readonly optimizer?: PlannedOptimizer;
}

const optimizers = {
  adamw: () => adamW({ lr: 1e-4 }),
  sgd: () => sgd({ lr: 1e-4 }),
  'plain-sgd': () => sgd({ lr: 1e-4, momentum: 0, weightDecay: 0.1 }),
};

async function metered(
  { config, options = {}, batch = 2 }: Case,
  { method, coefficients, read = 'last' }: Wiring,
  { optimizer = 'adamw', ...training }: Training,
) {
  const backbone = createBackbone(config, 1, options);
  const model = actionRecognizer(backbone, { classes, method, coefficients, read });
  let [activationPeakBytes, peakBytes] = [0, 0];
  const source = clips({ ...backbone.input, batch });
  const steps = 2;
  for await (const event of finetune(model, source, { steps, optimizer: optimizers[optimizer](), ...training })) {
    if (event.type !== 'step') continue;
    activationPeakBytes = Math.max(activationPeakBytes, event.memory.activationPeakBytes);
    peakBytes = Math.max(peakBytes, event.memory.peakBytes);
  }
  model.dispose();
  backbone.dispose();
  return { activationPeakBytes, peakBytes };
}

function predicted(
  { config, options = {}, batch = 2 }: Case,
  { method, coefficients, read = 'last' }: Wiring,
  { optimizer = 'adamw', update = 'collect', accumulate = 1, chunks = 1, clip, ema }: Training,
  backend: 'cpu' | 'wasm' | 'node' | 'webgpu',
): MemoryPrediction {
  const model = memoryModel(config, { classes: classes.length }, options);
  return predictMemory(model, {
    ...methodSetting(method, coefficients, model.subBlocks),
    ...{ read, batch, backend },
    training: {
      ...{ optimizer, update, accumulate, chunks },
      decay: optimizer !== 'sgd',
      clip: clip !== undefined,
      ema: ema !== undefined,
    },
  });
}

/** Scalars and class counts aside, to the byte. */
function expectNear(
  prediction: MemoryPrediction,
  measured: { activationPeakBytes: number; peakBytes: number },
  { slack = 0.005 }: Wiring,
) {
  for (const name of ['activationPeakBytes', 'peakBytes'] as const) {
    expect(prediction[name], name).toBeGreaterThan((1 - slack) * measured[name] - 512);
    expect(prediction[name], name).toBeLessThan((1 + slack) * measured[name] + 512);
  }
}

describe.each(await testBackends())('$name', ({ name, available, start }) => {
  describe.skipIf(!available)('predicted peaks are the metered ones', () => {
    beforeAll(start);
    const backend = name as 'cpu' | 'wasm' | 'node' | 'webgpu';

    describe.each(Object.entries(cases))('%s', (name, model) => {
      test.each(name === 'VideoMAE' ? methods : few)('$title', { timeout: 60_000 }, async (wiring) => {
        expectNear(predicted(model, wiring, {}, backend), await metered(model, wiring, {}), wiring);
      });
    });

    const trainings: [string, Training][] = [
      ['gradients in the sink', { update: 'sink' }],
      ['momentum, two batches a step', { optimizer: 'sgd', accumulate: 2 }],
      ['plain descent, clipped', { optimizer: 'plain-sgd', clip: 1 }],
      ['average of the weights', { ema: 0.9 }],
      ['three parts', { chunks: 3 }],
      ['parts, gradients in the sink', { chunks: 16, update: 'sink' }],
    ];
    test.each(['DINOv2 inflated', 'DeiT inflated, dropout', 'stochastic depth, the class token'])(
      'in parts: %s',
      { timeout: 60_000 },
      async (name) => {
        const [model, training] = [cases[name]!, { chunks: 3 }];
        const wiring = methods.find(({ title }) => title === 'reversible')!;
        expectNear(predicted(model, wiring, training, backend), await metered(model, wiring, training), wiring);
      },
    );

    describe.each(trainings)('%s', (_, training) => {
      test.each(few)('$title', { timeout: 60_000 }, async (wiring) => {
        const model = cases.VideoMAE!;
        expectNear(predicted(model, wiring, training, backend), await metered(model, wiring, training), wiring);
      });
    });
  });
});
