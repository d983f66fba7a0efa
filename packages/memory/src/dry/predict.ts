/** Predicted memory of a training step: the step is run dry, a few times, on a model of the backend's allocator. */
import type { DeviceModel } from './devices/device.ts';
import { deviceModel, type PlannedBackend } from './devices/index.ts';
import { DryEngine } from './engine.ts';
import { dryExact, type SideWords } from './kernels/exact.ts';
import { type KernelFamily, kernelFamily } from './kernels/family.ts';
import type { Bytes } from './kinds.ts';
import type { DryMethod } from './methods/index.ts';
import type { DryCoefficients } from './methods/run.ts';
import type { DryNetwork } from './network.ts';
import { DryTrainer, type DryTraining } from './training.ts';

/** A model that can be run dry; `@dr2net/models` makes one of a configuration (`memoryModel`). */
export interface MemoryModel {
  /** For tables: `VideoMAE-B, 16×224²`. */
  readonly title: string;
  /** For messages: what samples are called (`clips`), and what makes one take less (`fewer frames, a smaller size`). */
  readonly words: { readonly samples: string; readonly less: string };
  readonly subBlocks: number;
  /** Elements of one state x_i of one sample. */
  readonly stateSize: number;
  readonly parameterCount: number;
  /** Products and sums of a forward pass of one sample: of all sub-blocks, and of stem and head. */
  readonly arithmetic: {
    readonly subBlocks: number;
    readonly rest: number;
  };
  build(
    engine: DryEngine,
    family: KernelFamily,
    sizes: { readonly batch: number; readonly chunks: number },
  ): DryNetwork;
}

/** How a run is trained, as far as its memory follows from it. */
export interface MemorySetting {
  readonly method: DryMethod;
  readonly coefficients: DryCoefficients;
  readonly sideWords: SideWords;
  readonly read: 'last' | 'mean';
  readonly batch: number;
  readonly training: DryTraining;
  readonly backend: PlannedBackend;
}

/** What a training step will take, in bytes. */
export interface MemoryPrediction {
  /** Logical bytes at most, parameters, gradients and optimizer included. */
  readonly peakBytes: number;
  /** As a meter of the training loop has it: logical bytes at most besides parameters, collected gradients, slots and average. */
  readonly activationPeakBytes: number;
  /** What the device has given out at most. */
  readonly deviceBytes: number;
  /** By kind at the logical peak; `scratch` is what the device has given out beyond that. */
  readonly kinds: Bytes;
}

/** Steps until slots exist and the allocator has seen everything. */
const steps = 3;

/**
 * Runs a training step dry, without weights or a backend.
 * @returns what it will take, by kind and on the device
 */
export function predictMemory(model: MemoryModel, setting: MemorySetting): MemoryPrediction {
  const { method, coefficients, read, backend, batch, training, sideWords } = setting;
  const device: DeviceModel = deviceModel(backend);
  const engine = new DryEngine(device);
  const family = kernelFamily(backend);
  const network = model.build(engine, family, { batch, chunks: training.chunks });
  const trainer = new DryTrainer(engine, training, network.parameters, family.products === 'shaders');
  const run = {
    engine,
    family,
    subBlocks: network.subBlocks,
    coefficients,
    read,
    exact: dryExact(engine, family, sideWords),
  };
  const sink: DryTrainer['sink'] = (parameter, gradient) =>
    method.name === 'frozen' && !network.headParameters.has(parameter)
      ? engine.free(gradient)
      : trainer.sink(parameter, gradient);
  for (let step = 0; step < steps; step++) {
    for (let part = 0; part < training.accumulate; part++) {
      const batchTensors = engine.within('batch', () => network.batch.map((size) => engine.upload(size)));
      if (step === 0 && part === 0) engine.reset();
      network.gradients({ run, method, batch: batchTensors, sink });
      engine.free(...batchTensors);
    }
    trainer.end();
  }
  return {
    peakBytes: engine.peak,
    activationPeakBytes: engine.activationPeak,
    deviceBytes: engine.devicePeak,
    kinds: { ...engine.atPeak, scratch: Math.max(0, engine.devicePeak - engine.peak) },
  };
}
