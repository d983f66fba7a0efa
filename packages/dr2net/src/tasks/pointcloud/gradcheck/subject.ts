/** `gradcheck` of a segmenter: a saved one, or a new one around the blocks of an image transformer. */
import {
  isSegmenterConfig,
  loadSegmenter,
  type PointGeometry,
  type PointSegmenter,
  pointGeometry,
  readModelConfig,
  segmenterStates,
  traceSegmenter,
} from '@dr2net/models';
import { holding, inference, type Sink } from '@dr2net/ops';
import { type PointLoss, pointLoss, pointTargets } from '@dr2net/pointcloud';
import { abs, dispose, max, stack, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { UsageError } from '../../../errors.ts';
import { collectPass, type TracedPass, toHost } from '../../../gradcheck/collect.ts';
import type { HostTensor } from '../../../gradcheck/compare.ts';
import type { CheckSubject, Pass, PassOptions } from '../../../gradcheck/contract.ts';
import { newSegmenter, refuseNetworkOptions, type SegmenterSettings, settleBlocks } from '../model.ts';
import type { CloudCheckOptions } from '../options.ts';
import { type CloudInput, checkLabels, featuresKey, randomClouds, readClouds } from './input.ts';

export interface SegmenterCheckOptions extends SegmenterSettings, CloudCheckOptions {
  readonly input?: string;
  readonly batch: number;
  readonly classes: number;
}

/** Between [batch, channels, points] and [batch, points, channels], either way. */
const turned = (x: Tensor) => transpose(x, [0, 2, 1]);

class SegmenterSubject implements CheckSubject {
  readonly unread: ReadonlyMap<string, HostTensor> = new Map();
  readonly #geometry: PointGeometry;
  readonly #features: Tensor;

  constructor(
    private readonly segmenter: PointSegmenter,
    private readonly input: CloudInput,
  ) {
    const { positions, features, batch, channels } = input;
    this.#geometry = pointGeometry(segmenter.spec, positions, batch);
    this.#features = tidy(() => turned(tensor(features, [batch, channels, this.#geometry.points])));
  }

  get samples(): number {
    return this.input.batch;
  }

  get training() {
    return this.segmenter.training;
  }

  async pass(options: PassOptions, other?: Pass): Promise<Pass> {
    const { segmenter } = this;
    const read: Tensor[] = [];
    try {
      const found = await collectPass(
        (sink) =>
          this.#trace(sink, options, (x) => {
            read.push(x.clone());
            return other?.output && tensor(other.output.data, [...other.output.shape]);
          }),
        (parameter, gradient) => segmenter.toCheckpoint(parameter, gradient),
      );
      return { ...found, output: await toHost(read[0]!), ...(other && (await this.#own(options))) };
    } finally {
      dispose(read);
    }
  }

  #loss(logits: Tensor): PointLoss {
    return pointLoss(logits, pointTargets(this.input.labels, this.segmenter.spec.head.classes));
  }

  /** Loss and logits of the network by itself. Traced, since BatchNorm takes the batch's statistics only there; `frozen` keeps the least. */
  async #own(options: PassOptions): Promise<Pick<Pass, 'loss' | 'logits'>> {
    const [loss, logits] = holding((held) => {
      const run = { ...options, method: { name: 'frozen' }, context: inference } as const;
      const { value, pullback } = traceSegmenter(this.segmenter, this.#features, this.#geometry, run);
      held.add(value);
      held.add(pullback);
      const found = this.#loss(value);
      held.add(found.gradient);
      const result = [found.loss, turned(value)] as const;
      held.dispose();
      return result;
    });
    try {
      return { loss: (await loss.data())[0]!, logits: await toHost(logits) };
    } finally {
      dispose([loss, logits]);
    }
  }

  #trace(sink: Sink, options: PassOptions, onOutput: (x: Tensor) => Tensor | undefined): TracedPass {
    return holding((held) => {
      const run = { ...options, context: inference, featureGradient: true, onOutput };
      const { value, pullback, report } = traceSegmenter(this.segmenter, this.#features, this.#geometry, run);
      held.add(value);
      held.add(pullback);
      const { loss, gradient } = this.#loss(value);
      held.add(loss);
      held.add(gradient);
      const dFeatures = pullback(gradient, sink);
      if (dFeatures) held.add(dFeatures);
      const input = dFeatures && { key: featuresKey, tensor: turned(dFeatures) };
      const logits = turned(value);
      held.release(loss);
      held.dispose();
      return { loss, logits, input, report };
    });
  }

  #states(options: PassOptions): Tensor[] {
    return segmenterStates(this.segmenter, this.#features, this.#geometry, { ...options, context: inference });
  }

  async range(options: PassOptions): Promise<number> {
    const largest = tidy(() => max(stack(this.#states(options).map((x) => max(abs(x))))));
    try {
      return (await largest.data())[0]!;
    } finally {
      largest.dispose();
    }
  }

  async lastStates(options: PassOptions): Promise<HostTensor[]> {
    const states = this.#states(options);
    try {
      return await Promise.all([states.at(-1)!, states.at(-2)!].map(toHost));
    } finally {
      dispose(states);
    }
  }

  dispose(): void {
    this.#features.dispose();
    this.segmenter.dispose();
  }
}

async function open(options: SegmenterCheckOptions, channels: number): Promise<PointSegmenter> {
  const { model, shift, classes } = options;
  if (!isSegmenterConfig(await readModelConfig(model)))
    return settleBlocks(await newSegmenter(options, classes, channels), options);
  refuseNetworkOptions(options, options.model);
  if (options.channels !== undefined)
    throw new UsageError(`--channels is for a new network, but ${model} is a saved segmenter. Leave it out.`);
  return settleBlocks(await loadSegmenter(model, shift === undefined ? {} : { shift }), options);
}

/** @throws UsageError, and the errors of loading */
export async function segmenterSubject(options: SegmenterCheckOptions): Promise<CheckSubject> {
  const { model, input: path, batch, seed, points, statistics } = options;
  for (const name of ['points', 'channels'] as const)
    if (path !== undefined && options[name] !== undefined)
      throw new UsageError(`--${name} is for random input, but --input ${path} is given. Leave one of them out.`);
  const given = path === undefined ? undefined : await readClouds(path);
  const segmenter = await open(options, given?.channels ?? options.channels ?? 1);
  try {
    const { channels, head } = segmenter.spec;
    if (given && given.channels !== channels)
      throw new UsageError(
        `--input ${path}: ${featuresKey} has ${given.channels} features a point, ${model} takes ${channels}.`,
      );
    if (given) checkLabels(path!, given, head.classes);
    segmenter.statistics = statistics;
    const form = { batch, channels, classes: head.classes, seed };
    return new SegmenterSubject(segmenter, given ?? randomClouds({ ...form, points: points ?? 1024 }));
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
}
