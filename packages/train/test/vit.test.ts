/** A real, tiny video ViT with its recognition head, as the command line trains it: all methods, to the same bits where they must. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Method } from '@dr2net/core';
import { type BatchSource, createBackbone } from '@dr2net/models';
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { type ActionRecognizer, actionRecognizer, type ClipBatch } from '@dr2net/video';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamW, type FinetuneOptions, finetune, type StepEvent } from '../src/index.ts';
import { random } from './toy.ts';

const labels = ['left', 'right'];
const [frames, size] = [4, 16];

/** A bright bar that moves left or right. */
function bars(batches: number, samples: number): BatchSource<ClipBatch> {
  return {
    samples: batches * samples,
    batches,
    async *epoch({ seed, epoch, from = 0 }) {
      for (let number = from; number < batches; number++) {
        const next = random(seed + 31 * epoch + 977 * number);
        const classes = Array.from({ length: samples }, (_, i) => i % 2);
        const values = classes.flatMap((label) => {
          const start = Math.floor(((next() + 1) / 2) * size);
          return Array.from({ length: frames * size * size * 3 }, (_, at) => {
            const [frame, x] = [Math.floor(at / (size * size * 3)), Math.floor(at / 3) % size];
            const position = (start + (label ? 3 : -3) * frame + 4 * size) % size;
            return (Math.abs(x - position) < 3 ? 1 : -1) + 0.1 * next();
          });
        });
        const pixels = tf.tensor5d(values, [samples, frames, size, size, 3]);
        const targets = tf.tensor2d(
          classes.flatMap((label) => [1 - label, label]),
          [samples, 2],
        );
        const dispose = () => tf.dispose([pixels, targets]);
        yield {
          ids: classes.map((_, i) => `bar-${epoch}-${number}-${i}`),
          size: samples,
          labels: classes,
          pixels,
          targets,
          dispose,
        };
      }
    },
  };
}

const config = {
  architectures: ['VideoMAEForVideoClassification'],
  model_type: 'videomae',
  hidden_size: 24,
  num_attention_heads: 2,
  intermediate_size: 48,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-6,
  image_size: size,
  patch_size: 8,
  num_channels: 3,
  num_frames: frames,
  tubelet_size: 2,
  qkv_bias: true,
  use_mean_pooling: true,
};

interface Trained {
  readonly steps: StepEvent[];
  readonly weights: (readonly [string, number[]])[];
  readonly top1: number;
}

async function train(
  options: FinetuneOptions<ClipBatch>,
  coefficients = { alpha: 63 / 64, beta: 1 / 64 },
  depth = 4,
): Promise<Trained> {
  const backbone = createBackbone({ ...config, num_hidden_layers: depth }, 3);
  const model: ActionRecognizer = actionRecognizer(backbone, { classes: labels, coefficients, dropout: 0.1 });
  const steps: StepEvent[] = [];
  let top1 = 0;
  for await (const event of finetune(model, bars(4, 8), options)) {
    if (event.type === 'step') steps.push(event);
    if (event.type === 'evaluation') top1 = event.evaluation.top1;
  }
  const weights: Trained['weights'] = [];
  for (const { name, variable } of model.parameters) weights.push([name, [...(await variable.data())]]);
  model.dispose();
  backbone.dispose();
  return { steps, weights, top1 };
}

const half = { alpha: 0.5, beta: 0.5 };
const methods: [Method, typeof half][] = [
  [{ name: 'conventional' }, half],
  [{ name: 'checkpoint', every: 2 }, half],
  [{ name: 'reversible' }, half],
  [
    { name: 'exact', verify: true },
    { alpha: 63 / 64, beta: 1 / 64 },
  ],
];

const backends = (await testBackends()).filter(({ available }) => available);
const named = (name: string) => backends.filter((backend) => backend.name === name);

describe.each(named('wasm'))('on $name', ({ start }) => {
  beforeAll(start);

  test.each(methods)('update sink gives the bits of collect: %j', async (method, coefficients) => {
    await expectNoLeak(async () => {
      const common = { steps: 5, method, optimizer: adamW({ lr: 2e-3, layerDecay: 0.75 }) };
      const collect = await train(common, coefficients);
      const sink = await train({ ...common, update: 'sink' }, coefficients);
      expect(sink.weights).toEqual(collect.weights);
      expect(sink.steps.map(({ loss }) => loss)).toEqual(collect.steps.map(({ loss }) => loss));
      const peak = (steps: StepEvent[]) => steps.at(-1)!.memory.peakBytes - steps.at(-1)!.memory.startBytes;
      // Ordinary training peaks when its gradients begin.
      if (method.name !== 'conventional') expect(peak(sink.steps)).toBeLessThan(peak(collect.steps));
      if (method.name === 'exact') expect(sink.steps.every(({ identical }) => identical)).toBe(true);
    });
  });

  test('checkpoint gives the bits of conventional', async () => {
    const [conventional, checkpoint] = [
      await train({ steps: 4, method: { name: 'conventional' } }, half),
      await train({ steps: 4, method: { name: 'checkpoint' } }, half),
    ];
    expect(checkpoint.weights).toEqual(conventional.weights);
  });

  test('exact learns the task, with the losses of ordinary training at first', async () => {
    const options = {
      epochs: 12,
      optimizer: adamW({ lr: 5e-3 }),
      clip: 1,
      evaluate: { source: bars(2, 16), every: 12 },
    };
    const exact = await train({ ...options, method: { name: 'exact' } });
    const conventional = await train({ ...options, epochs: 1, method: { name: 'conventional' } });
    expect(exact.top1).toBeGreaterThan(0.9);
    for (const [i, { loss }] of conventional.steps.entries()) expect(exact.steps[i]!.loss).toBeCloseTo(loss, 1);
  });

  test('activation peaks: reversible does not grow with depth, exact by its remainders only', async () => {
    const growth = async (method: Method, coefficients?: typeof half) => {
      const peaks: number[] = [];
      for (const depth of [8, 24]) {
        const { steps } = await train({ steps: 2, method, update: 'sink' }, coefficients, depth);
        peaks.push(steps[1]!.memory.activationPeakBytes);
      }
      return peaks[1]! - peaks[0]!;
    };
    const conventional = await growth({ name: 'conventional' });
    expect(await growth({ name: 'reversible' }, { alpha: 0, beta: 1 })).toBe(0);
    expect(await growth({ name: 'exact' })).toBeLessThan(0.1 * conventional);
  });
});

describe.each(backends.filter(({ name }) => name !== 'cpu'))('on $name', ({ name, start }) => {
  beforeAll(start);
  // A WebGPU device that the processor emulates is slow.
  const depth = name === 'webgpu' ? 1 : 4;

  test('update sink gives the bits of collect, and a run that stopped goes on to the bit', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dr2net-vit-'));
    try {
      const common = {
        method: { name: 'exact', verify: true },
        optimizer: adamW({ lr: 2e-3 }),
        update: 'sink',
      } as const;
      const whole = await train({ ...common, steps: 4 }, undefined, depth);
      const collect = await train({ ...common, update: 'collect', steps: 4 }, undefined, depth);
      expect(collect.weights).toEqual(whole.weights);
      await train({ ...common, steps: 2, checkpoint: { folder } }, undefined, depth);
      const rest = await train({ ...common, steps: 4, checkpoint: { folder, resume: true } }, undefined, depth);
      expect(rest.steps.map(({ loss }) => loss)).toEqual(whole.steps.slice(2).map(({ loss }) => loss));
      expect(rest.weights).toEqual(whole.weights);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
