/**
 * Memory is linear in tokens: twice the clip takes twice the activations, on every backend that can be planned. By prediction, which
 * footprint.test.ts of @dr2net/train holds against the meter of real steps.
 */
import { plannedBackends, predictMemory } from '@dr2net/memory';
import { expect, test } from 'vitest';
import { memoryModel, methodSetting } from '../src/index.ts';

const config = (frames: number) => ({
  ...{
    model_type: 'videomae',
    hidden_size: 384,
    num_hidden_layers: 12,
    num_attention_heads: 6,
    intermediate_size: 1536,
  },
  ...{ image_size: 224, patch_size: 16, num_frames: frames, tubelet_size: 2 },
});

/** Bytes at most, of a clip of 98 tokens a frame. */
function activationPeak(backend: (typeof plannedBackends)[number], frames: number): number {
  const model = memoryModel(config(frames), { classes: 10 });
  const setting = methodSetting({ name: 'reversible' }, { alpha: 0.1, beta: 0.9 }, model.subBlocks);
  const training = {
    optimizer: 'adamw',
    decay: true,
    update: 'sink',
    accumulate: 1,
    chunks: 4,
    clip: false,
    ema: false,
  } as const;
  return predictMemory(model, { ...setting, read: 'last', batch: 1, backend, training }).activationPeakBytes;
}

test.each(plannedBackends)('%s: the activation peak at 3136 tokens is at most 2.1 times that at 1568', (backend) => {
  const ratio = activationPeak(backend, 32) / activationPeak(backend, 16);
  expect(ratio).toBeLessThanOrEqual(2.1);
  // Less would be no activations at all.
  expect(ratio).toBeGreaterThan(1.8);
});
