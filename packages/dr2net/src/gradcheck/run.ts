/** One forward and backward pass by one method: loss, logits, the last two states, and the gradient of every tensor of the checkpoint. */
import {
  type Coefficients,
  ExactScale,
  type HeadRead,
  type Method,
  measureRange,
  type RunReport,
  runStates,
} from '@dr2net/core';
import { type Backbone, type ClassificationHead, channelsFirst, gradients } from '@dr2net/models';
import { inference, type Sink, softTargets } from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import type { HostTensor } from './compare.ts';
import type { CheckInput } from './input.ts';

export interface Classifier {
  readonly backbone: Backbone;
  readonly head: ClassificationHead;
}

export interface PassOptions {
  readonly method: Method;
  readonly coefficients: Coefficients;
  readonly read: HeadRead;
  readonly scale?: ExactScale;
}

export interface Pass {
  readonly loss: number;
  readonly logits: HostTensor;
  /** By checkpoint key; the pixels' as `input.pixel_values`, channels first. Absent where the method gives none. */
  readonly gradients: ReadonlyMap<string, HostTensor>;
  readonly report: RunReport;
  /** What the run's own checks found. */
  readonly check: Awaited<ReturnType<RunReport['check']>>;
}

async function toHost(tensor: Tensor): Promise<HostTensor> {
  return { shape: tensor.shape, data: Float32Array.from((await tensor.data()) as Float32Array) };
}

/** @throws the errors of the run, and of its checks (a state out of range, a rebuilt state that differs) */
export async function runPass({ backbone, head }: Classifier, input: CheckInput, options: PassOptions): Promise<Pass> {
  const owned: Tensor[] = [];
  const own = <T extends Tensor>(tensor: T): T => {
    owned.push(tensor);
    return tensor;
  };
  const found: { key: string; tensor: Tensor }[] = [];
  const sink: Sink = (parameter, gradient) => {
    own(gradient);
    const owner = head.parameters.includes(parameter) ? head : backbone;
    for (const { key, tensor } of owner.toCheckpoint(parameter, gradient)) found.push({ key, tensor: own(tensor) });
  };
  try {
    const targets = own(softTargets([...input.labels], head.classes));
    const result = gradients(backbone, head, input.pixels, targets, {
      ...options,
      context: inference,
      pixelGradient: true,
      sink,
    });
    own(result.loss);
    own(result.output);
    if (result.pixels) found.push({ key: 'input.pixel_values', tensor: own(channelsFirst(own(result.pixels))) });
    const [loss = Number.NaN] = await result.loss.data();
    const collected = new Map<string, HostTensor>();
    for (const { key, tensor } of found) collected.set(key, sum(await toHost(tensor), collected.get(key)));
    return {
      loss,
      logits: await toHost(result.output),
      gradients: collected,
      report: result.report,
      check: await result.report.check(),
    };
  } finally {
    dispose(owned);
  }
}

/**
 * `exact` with the scale that the states' measured range asks for: WebGPU cannot measure it within a run, as it reads
 * asynchronously only. Other methods as they are.
 */
export async function withGrid(
  { backbone }: Classifier,
  input: CheckInput,
  options: PassOptions,
): Promise<PassOptions> {
  const { method } = options;
  if (method.name !== 'exact' || method.fractionBits !== undefined) return options;
  const x0 = backbone.stem.apply(input.pixels, inference);
  try {
    const range = await measureRange(backbone.subBlocks, x0, inference, options);
    const scale = new ExactScale();
    scale.observe(range);
    return { ...options, scale };
  } finally {
    x0.dispose();
  }
}

/** The last two states, x_n and x_{n−1}. */
export async function lastStates(
  { backbone }: Classifier,
  input: CheckInput,
  options: PassOptions,
): Promise<HostTensor[]> {
  const x0 = backbone.stem.apply(input.pixels, inference);
  let states: Tensor[] = [];
  try {
    states = runStates(backbone.subBlocks, x0, inference, options);
    return await Promise.all([states.at(-1)!, states.at(-2)!].map(toHost));
  } finally {
    dispose([x0, ...states]);
  }
}

/** Gradients of a tensor that is used twice add up. */
function sum(next: HostTensor, before: HostTensor | undefined): HostTensor {
  if (!before) return next;
  return { shape: next.shape, data: next.data.map((value, i) => value + before.data[i]!) };
}
