/** Trains a few steps and tells what they took; and what the planner says of the same setting. */
import { startBackend } from '@dr2net/backends';
import { plannedBackends, predictMemory } from '@dr2net/memory';
import { memoryModel, methodSetting, segmenterMemoryModel } from '@dr2net/models';
import { adamW, type Optimizer, sgd } from '@dr2net/train';
import { trainOnClouds } from './clouds.ts';
import { trainOnNoise } from './noise.ts';
import { classes, methods, models, type PlanSetting } from './settings.ts';

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

const steps = 3;

const optimizers: Readonly<Record<PlanSetting['optimizer'], () => Optimizer>> = {
  adamw: () => adamW({ lr: 1e-4 }),
  sgd: () => sgd({ lr: 1e-4 }),
  'plain-sgd': () => sgd({ lr: 1e-4, momentum: 0 }),
};

function setting({ model, method }: PlanSetting) {
  const trained = models[model];
  const run = methods[method];
  if (!trained || !run) throw new RangeError(`There is no model ${model} or no method ${method}.`);
  return { trained, run };
}

export async function measurePlan(settings: PlanSetting): Promise<PlanMeasurement> {
  const { trained, run } = setting(settings);
  const { batch, update, accumulate, chunks, ema } = settings;
  const backend = await startBackend(settings.backend);
  const batches = steps * accumulate;
  let [peakBytes, activationPeakBytes, deviceBytes] = [0, 0, 0];
  const options = {
    ...{ steps, update, accumulate, chunks, backend },
    optimizer: optimizers[settings.optimizer](),
    ...(ema ? { ema: 0.99 } : {}),
  };
  for await (const event of trained.points === undefined
    ? trainOnNoise(trained.config, run, { batches, batch }, options)
    : trainOnClouds(trained.config, run, { batches, batch, points: trained.points }, options)) {
    if (event.type !== 'step') continue;
    peakBytes = Math.max(peakBytes, event.memory.peakBytes);
    activationPeakBytes = Math.max(activationPeakBytes, event.memory.activationPeakBytes);
    deviceBytes = Math.max(deviceBytes, event.memory.device?.peakBytes ?? 0);
  }
  const { device, memory } = backend;
  return { settings, device, deviceKind: memory.kind, peakBytes, activationPeakBytes, deviceBytes };
}

export function predictPlan(settings: PlanSetting): PlanPrediction {
  const { trained, run } = setting(settings);
  const { batch, update, accumulate, chunks, ema, optimizer } = settings;
  const backend = plannedBackends.find((name) => name === settings.backend);
  if (!backend) throw new RangeError(`backend ${settings.backend} cannot be planned; known: ${plannedBackends}.`);
  const start = performance.now();
  const { config, points } = trained;
  const model =
    points === undefined ? memoryModel(config, { classes: classes.length }) : segmenterMemoryModel(config, { points });
  const { peakBytes, activationPeakBytes, deviceBytes, kinds } = predictMemory(model, {
    ...methodSetting(run.method, run.coefficients, model.subBlocks),
    ...{ read: 'last', batch, backend },
    training: { optimizer, decay: optimizer === 'adamw', update, accumulate, chunks, clip: false, ema },
  });
  return { peakBytes, activationPeakBytes, deviceBytes, kinds, milliseconds: performance.now() - start };
}
