/**
 * Predicted memory against metered memory: the planner's dry run of a step must see the same peaks as the meter of the real
 * one, for every method and update mode, on every backend.
 */
import type { MemoryPrediction, PlannedBackend } from '@dr2net/memory';
import { createBackbone, type ModelOptions, memoryModel } from '@dr2net/models';
import { testBackends } from '@dr2net/testing';
import { actionRecognizer } from '@dr2net/video';
import { beforeAll, describe, test } from 'vitest';
import { classes, clips } from './clips.ts';
import { expectNear, few, meteredPeaks, methods, predictedPeaks, type Training, type Wiring } from './footprint.ts';

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

async function metered(
  { config, options = {}, batch = 2 }: Case,
  { method, coefficients, read = 'last' }: Wiring,
  training: Training,
) {
  const backbone = createBackbone(config, 1, options);
  const model = actionRecognizer(backbone, { classes, method, coefficients, read });
  const peaks = await meteredPeaks(model, clips({ ...backbone.input, batch }), training);
  model.dispose();
  backbone.dispose();
  return peaks;
}

function predicted(
  { config, options = {}, batch = 2 }: Case,
  wiring: Wiring,
  training: Training,
  backend: PlannedBackend,
): MemoryPrediction {
  return predictedPeaks(memoryModel(config, { classes: classes.length }, options), wiring, training, {
    batch,
    backend,
  });
}

describe.each(await testBackends())('$name', ({ name, available, start }) => {
  describe.skipIf(!available)('predicted peaks are the metered ones', () => {
    beforeAll(start);
    const backend = name as PlannedBackend;

    describe.each(Object.entries(cases))('%s', (name, model) => {
      test.each(name === 'VideoMAE' ? methods : few)('$title', async (wiring) => {
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
      async (name) => {
        const [model, training] = [cases[name]!, { chunks: 3 }];
        const wiring = methods.find(({ title }) => title === 'reversible')!;
        expectNear(predicted(model, wiring, training, backend), await metered(model, wiring, training), wiring);
      },
    );

    describe.each(trainings)('%s', (_, training) => {
      test.each(few)('$title', async (wiring) => {
        const model = cases.VideoMAE!;
        expectNear(predicted(model, wiring, training, backend), await metered(model, wiring, training), wiring);
      });
    });
  });
});
