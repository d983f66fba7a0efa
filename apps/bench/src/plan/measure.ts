/** Trains a few steps and tells what they took; and what the planner says of the same setting. */
import { startBackend } from '@dr2net/backends';
import { plannedBackends, predictMemory } from '@dr2net/memory';
import { type BatchSource, createBackbone, memoryModel, methodSetting } from '@dr2net/models';
import { adamW, finetune, type Optimizer, sgd } from '@dr2net/train';
import { actionRecognizer, type ClipBatch } from '@dr2net/video';
import * as tf from '@tensorflow/tfjs-core';
import { methods, models, type PlanSetting } from './settings.ts';

export interface PlanMeasurement {
  readonly settings: PlanSetting;
  readonly device: string;
  readonly deviceKind: string;
  /** The most over the steps: logical bytes, those of activations, and what the device had given out. */
  readonly peakBytes: number;
  readonly activationPeakBytes: number;
  readonly deviceBytes: number;
}

export interface PlanPrediction {
  readonly peakBytes: number;
  readonly activationPeakBytes: number;
  readonly deviceBytes: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** It took so long to predict. */
  readonly milliseconds: number;
}

const classes = Array.from({ length: 10 }, (_, i) => `class ${i}`);
const steps = 3;

const optimizers: Readonly<Record<PlanSetting['optimizer'], () => Optimizer>> = {
  adamw: () => adamW({ lr: 1e-4 }),
  sgd: () => sgd({ lr: 1e-4 }),
  'plain-sgd': () => sgd({ lr: 1e-4, momentum: 0 }),
};

function setting({ model, method }: PlanSetting) {
  const config = models[model];
  const run = methods[method];
  if (!config || !run) throw new RangeError(`There is no model ${model} or no method ${method}.`);
  return { config, run };
}

function noise(batches: number, batch: number, { frames, size }: { frames: number; size: number }) {
  return {
    samples: batches * batch,
    batches,
    async *epoch() {
      for (let i = 0; i < batches; i++) {
        const values = Float32Array.from({ length: batch * frames * size * size * 3 }, (_, j) => Math.sin(j * (i + 1)));
        const pixels = tf.tensor5d(values, [batch, frames, size, size, 3]);
        const rows = Array.from({ length: batch }, () => classes.map((_, k) => (k === i % classes.length ? 1 : 0)));
        const targets = tf.tensor2d(rows);
        const ids = rows.map((_, j) => `noise ${i}, ${j}`);
        const dispose = () => tf.dispose([pixels, targets]);
        yield { ids, labels: ids.map(() => i % classes.length), size: batch, pixels, targets, dispose };
      }
    },
  } satisfies BatchSource<ClipBatch>;
}

export async function measurePlan(settings: PlanSetting): Promise<PlanMeasurement> {
  const { config, run } = setting(settings);
  const { batch, update, accumulate, chunks, ema } = settings;
  const backend = await startBackend(settings.backend);
  const backbone = createBackbone(config, 1);
  const model = actionRecognizer(backbone, { classes, ...run });
  let [peakBytes, activationPeakBytes, deviceBytes] = [0, 0, 0];
  const source = noise(steps * accumulate, batch, backbone.input);
  for await (const event of finetune(model, source, {
    ...{ steps, update, accumulate, chunks, backend },
    optimizer: optimizers[settings.optimizer](),
    ...(ema ? { ema: 0.99 } : {}),
  })) {
    if (event.type !== 'step') continue;
    peakBytes = Math.max(peakBytes, event.memory.peakBytes);
    activationPeakBytes = Math.max(activationPeakBytes, event.memory.activationPeakBytes);
    deviceBytes = Math.max(deviceBytes, event.memory.device?.peakBytes ?? 0);
  }
  const { device, memory } = backend;
  return { settings, device, deviceKind: memory.kind, peakBytes, activationPeakBytes, deviceBytes };
}

export function predictPlan(settings: PlanSetting): PlanPrediction {
  const { config, run } = setting(settings);
  const { batch, update, accumulate, chunks, ema, optimizer } = settings;
  const backend = plannedBackends.find((name) => name === settings.backend);
  if (!backend) throw new RangeError(`backend ${settings.backend} cannot be planned; known: ${plannedBackends}.`);
  const start = performance.now();
  const model = memoryModel(config, { classes: classes.length });
  const { peakBytes, activationPeakBytes, deviceBytes, kinds } = predictMemory(model, {
    ...methodSetting(run.method, run.coefficients, model.subBlocks),
    ...{ read: 'last', batch, backend },
    training: { optimizer, decay: optimizer === 'adamw', update, accumulate, chunks, clip: false, ema },
  });
  return { peakBytes, activationPeakBytes, deviceBytes, kinds, milliseconds: performance.now() - start };
}
