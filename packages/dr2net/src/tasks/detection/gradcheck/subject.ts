/** `gradcheck` of a detector: a saved one, or a new one around an image transformer or a Swin. */
import { runStates } from '@dr2net/core';
import {
  type DetectionOutputs,
  type DetectorBatch,
  type DetectorNetwork,
  type DetectorPass,
  type DetectorTraceOptions,
  detectorNetwork,
  passLoss,
} from '@dr2net/detection';
import { channelsFirst, type Detections, YolosDetector } from '@dr2net/models';
import { inference, type Sink } from '@dr2net/ops';
import { dispose, scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { collectPass, type TracedPass, toHost } from '../../../gradcheck/collect.ts';
import type { HostTensor } from '../../../gradcheck/compare.ts';
import type { CheckSubject, Pass, PassOptions } from '../../../gradcheck/contract.ts';
import { Reading } from '../../../gradcheck/readings.ts';
import type { Detector } from '../detector.ts';
import { inFlags } from '../flags.ts';
import { openDetector } from '../model.ts';
import { networkOptionsOf } from '../network.ts';
import { type DetectorSettings, sizeOf } from '../settings.ts';
import { type PictureForm, pixelsKey, randomPictures, readPictures } from './input.ts';

export interface DetectorCheckOptions extends DetectorSettings {
  readonly input?: string;
  readonly batch: number;
  readonly classes: number;
}

/** The last queries of each picture: in a DINO those of noised objects come first, in training alone. */
function lastOf(values: ArrayLike<number>, { batch, queries }: DetectionOutputs, wanted: number): HostTensor {
  const width = values.length / (batch * queries);
  const before = (queries - wanted) * width;
  const each = wanted * width;
  const data = Float32Array.from({ length: batch * each }, (_, i) => {
    return values[Math.floor(i / each) * queries * width + before + (i % each)]!;
  });
  return { shape: [batch, wanted, width], data };
}

interface Found {
  readonly loss: number;
  readonly logits: HostTensor;
  readonly boxes: HostTensor;
}

const tensorsOf = (sets: readonly Detections[]) => sets.flatMap(({ logits, boxes }) => [logits, boxes]);

class DetectorSubject implements CheckSubject {
  readonly unread: ReadonlyMap<string, HostTensor> = new Map();
  readonly cancelled: ReadonlySet<string>;

  constructor(
    private readonly detector: Detector,
    private readonly network: DetectorNetwork,
    private readonly batch: DetectorBatch,
  ) {
    const parameters = detector instanceof YolosDetector ? [] : detector.cancelled;
    this.cancelled = new Set(parameters.flatMap((own) => detector.layoutOf(own).map(({ key }) => key as string)));
  }

  get samples(): number {
    return this.batch.targets.length;
  }

  get training() {
    return this.detector.training;
  }

  async pass(options: PassOptions, other?: Pass): Promise<Pass> {
    const { detector } = this;
    // Within the sub-blocks of a DINO are ReLUs and maps that are read between their cells; a YOLOS has GELUs.
    const reading = new Reading({ first: other?.readings, inside: !(detector instanceof YolosDetector) });
    const { onRead } = reading;
    const boxes: HostTensor[] = [];
    try {
      const found = await collectPass(
        (sink) => this.#trace(sink, { ...options, context: inference, pixelGradient: true, onRead }, boxes),
        (parameter, gradient) => detector.toCheckpoint(parameter, gradient),
      );
      const outputs = new Map(boxes.map((found) => ['boxes', found]));
      return { ...found, outputs, ...(await reading.result()), ...(other && (await this.#own(options))) };
    } finally {
      reading.dispose();
    }
  }

  /** Forward, and the loss on the host, where matching is made. @param use is given the pass before it is disposed of */
  async #through<T>(
    options: DetectorTraceOptions,
    use: (found: Found, pullback: (sink: Sink) => Tensor | null, reports: DetectorPass['reports']) => T,
  ): Promise<T> {
    const { network } = this;
    const pass = await network.trace(this.batch, options);
    const held: { dispose(): void }[] = [pass.pullback, ...tensorsOf(pass.sets)];
    try {
      const { total, gradients, outputs } = await passLoss(pass);
      held.push(...tensorsOf(gradients));
      const last = outputs.at(-1)!;
      const own = (values: ArrayLike<number>) => lastOf(values, last, network.queries);
      const found = { loss: total, logits: own(last.logits), boxes: own(last.boxes) };
      return use(found, (sink) => pass.pullback(gradients, sink), pass.reports);
    } finally {
      for (const item of held) item.dispose();
    }
  }

  /** Loss and logits of the network by itself; `frozen` keeps the least. */
  #own(options: PassOptions): Promise<Pick<Pass, 'loss' | 'logits'>> {
    const frozen = { ...options, method: { name: 'frozen' }, context: inference } as const;
    return this.#through(frozen, ({ loss, logits }) => ({ loss, logits }));
  }

  /** @param seen takes the boxes */
  #trace(sink: Sink, options: DetectorTraceOptions, seen: HostTensor[]): Promise<TracedPass> {
    return this.#through(options, ({ loss, logits, boxes }, pullback, reports) => {
      seen.push(boxes);
      const dPixels = pullback(sink);
      const input = dPixels && { key: pixelsKey, tensor: channelsFirst(dPixels) };
      dPixels?.dispose();
      return { loss: scalar(loss), logits: tensor(logits.data, [...logits.shape]), input, reports };
    });
  }

  async lastStates(options: PassOptions): Promise<HostTensor[] | null> {
    const { detector } = this;
    if (!(detector instanceof YolosDetector)) return null;
    const { stem, subBlocks } = detector.modules;
    const x0 = stem.apply(this.batch.pixels, inference);
    let states: Tensor[] = [];
    try {
      states = runStates(subBlocks, x0, inference, options);
      return await Promise.all([states.at(-1)!, states.at(-2)!].map(toHost));
    } finally {
      dispose([x0, ...states]);
    }
  }

  dispose(): void {
    this.batch.pixels.dispose();
    this.detector.dispose();
  }
}

function formOf(detector: Detector, network: DetectorNetwork, options: DetectorCheckOptions): PictureForm {
  const isYolos = detector instanceof YolosDetector;
  const { input } = isYolos ? detector.spec : detector.spec.backbone;
  return {
    size: network.input.size,
    anySize: !isYolos && sizeOf(options) === undefined,
    channels: input.channels,
    classes: detector.spec.classes,
    queries: network.queries,
  };
}

/** Pictures that fill their canvas. @throws UsageError for pictures that do not fit */
async function batchOf(
  detector: Detector,
  network: DetectorNetwork,
  options: DetectorCheckOptions,
): Promise<DetectorBatch> {
  const { input: path, batch, seed } = options;
  const form = formOf(detector, network, options);
  const { pixels, targets } = path === undefined ? randomPictures(form, batch, seed) : await readPictures(path, form);
  const [, height, width] = pixels.shape as [number, number, number, number];
  const canvas = { height, width };
  try {
    await inFlags(async () => network.requireCanvas(canvas));
  } catch (error) {
    pixels.dispose();
    throw error;
  }
  return { pixels, targets, canvas, used: targets.map(() => canvas) };
}

/** @throws UsageError, and the errors of loading */
export async function detectorSubject(options: DetectorCheckOptions): Promise<CheckSubject> {
  const { classes } = options;
  const names = Array.from({ length: classes }, (_, k) => `class ${k}`);
  const detector = await inFlags(() => openDetector(options, names));
  try {
    const network = await inFlags(async () => detectorNetwork(detector, networkOptionsOf(options, detector)));
    return new DetectorSubject(detector, network, await batchOf(detector, network, options));
  } catch (error) {
    detector.dispose();
    throw error;
  }
}
