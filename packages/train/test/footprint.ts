/** What a run's footprint follows from besides its model, its peaks under the meter, and as they are predicted. */
import type { Coefficients, Method } from '@dr2net/core';
import {
  type MemoryModel,
  type MemoryPrediction,
  type PlannedBackend,
  type PlannedOptimizer,
  predictMemory,
} from '@dr2net/memory';
import { type Batch, type BatchSource, methodSetting, type TaskModel } from '@dr2net/models';
import { expect } from 'vitest';
import { adamW, type FinetuneOptions, finetune, sgd } from '../src/index.ts';

const exactly: Coefficients = { alpha: 63 / 64, beta: 1 / 64 };
const backwards: Coefficients = { alpha: 0.1, beta: 0.9 };
const pretrained: Coefficients = { alpha: 1, beta: 0 };
export interface Wiring {
  readonly title: string;
  readonly method: Method;
  readonly coefficients: Coefficients;
  readonly read?: 'last' | 'mean';
  /** How far the prediction may be off, relative; default 0.005. */
  readonly slack?: number;
}

export const methods: Wiring[] = [
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

export const few = methods.filter(({ title }) => ['conventional', 'checkpoint', 'exact', 'frozen'].includes(title));

export interface Training extends Pick<FinetuneOptions<Batch>, 'update' | 'accumulate' | 'chunks' | 'ema' | 'clip'> {
  readonly optimizer?: PlannedOptimizer;
}

const optimizers = {
  adamw: () => adamW({ lr: 1e-4 }),
  sgd: () => sgd({ lr: 1e-4 }),
  'plain-sgd': () => sgd({ lr: 1e-4, momentum: 0, weightDecay: 0.1 }),
};

/** The highest of two steps. */
export async function meteredPeaks<B extends Batch, E>(
  model: TaskModel<B, E>,
  source: BatchSource<B>,
  { optimizer = 'adamw', ...training }: Training,
) {
  let [activationPeakBytes, peakBytes] = [0, 0];
  const steps = 2;
  for await (const event of finetune(model, source, { steps, optimizer: optimizers[optimizer](), ...training })) {
    if (event.type !== 'step') continue;
    activationPeakBytes = Math.max(activationPeakBytes, event.memory.activationPeakBytes);
    peakBytes = Math.max(peakBytes, event.memory.peakBytes);
  }
  return { activationPeakBytes, peakBytes };
}

export function predictedPeaks(
  model: MemoryModel,
  { method, coefficients, read = 'last' }: Wiring,
  { optimizer = 'adamw', update = 'collect', accumulate = 1, chunks = 1, clip, ema }: Training,
  { batch, backend }: { readonly batch: number; readonly backend: PlannedBackend },
): MemoryPrediction {
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
export function expectNear(
  prediction: MemoryPrediction,
  measured: { activationPeakBytes: number; peakBytes: number },
  { slack = 0.005 }: Wiring,
) {
  for (const name of ['activationPeakBytes', 'peakBytes'] as const) {
    expect(prediction[name], name).toBeGreaterThan((1 - slack) * measured[name] - 512);
    expect(prediction[name], name).toBeLessThan((1 + slack) * measured[name] + 512);
  }
}
