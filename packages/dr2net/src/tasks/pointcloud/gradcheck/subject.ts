/** `gradcheck` of a segmenter: a saved one, or a new one around the blocks of an image transformer. */
import {
  isSegmenterConfig,
  loadSegmenter,
  type PointGeometry,
  type PointSegmenter,
  pointGeometry,
  readModelConfig,
  runOptionsOf,
  segmenterStates,
  traceSegmenter,
} from '@dr2net/models';
import { holding, inference, type Sink } from '@dr2net/ops';
import { type PointLoss, pointLoss, pointTargets } from '@dr2net/pointcloud';
import { dispose, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { UsageError } from '../../../errors.ts';
import { collectPass, type TracedPass, toHost } from '../../../gradcheck/collect.ts';
import type { HostTensor } from '../../../gradcheck/compare.ts';
import type { CheckSubject, Pass, PassOptions } from '../../../gradcheck/contract.ts';
import { Reading } from '../../../gradcheck/readings.ts';
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
    const reading = new Reading({ first: other?.readings, inside: false });
    try {
      const found = await collectPass(
        (sink) => this.#trace(sink, options, reading),
        (parameter, gradient) => segmenter.toCheckpoint(parameter, gradient),
      );
      return { ...found, ...(await reading.result()), ...(other && (await this.#own(options))) };
    } finally {
      reading.dispose();
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

  #trace(sink: Sink, options: PassOptions, { onRead }: Reading): TracedPass {
    return holding((held) => {
      const own = runOptionsOf({ ...options, onRead }, 0);
      const run = { ...own, context: inference, featureGradient: true };
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
      return { loss, logits, input, reports: [report] };
    });
  }

  async lastStates(options: PassOptions): Promise<HostTensor[]> {
    const run = { ...options, context: inference };
    const states = segmenterStates(this.segmenter, this.#features, this.#geometry, run);
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
