/** `gradcheck` of a YOLOS: a saved one, or a new one around the blocks of an image transformer. */
import { measureRange, runStates } from '@dr2net/core';
import { type DetectionOutputs, setLoss } from '@dr2net/detection';
import {
  applyYolos,
  channelsFirst,
  type Detections,
  isYolosConfig,
  loadYolos,
  readModelConfig,
  traceYolos,
  type YolosDetector,
} from '@dr2net/models';
import { inference, type Sink } from '@dr2net/ops';
import { dispose, scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { collectPass, type TracedPass, toHost } from '../../../gradcheck/collect.ts';
import type { HostTensor } from '../../../gradcheck/compare.ts';
import type { CheckSubject, Pass, PassOptions } from '../../../gradcheck/contract.ts';
import { settleBlocks } from '../model.ts';
import { type DetectorSettings, refuseNetworkOptions } from '../settings.ts';
import { newYolos, requireYolos, shapeOf } from '../yolos.ts';
import { type PictureInput, pixelsKey, randomPictures, readPictures } from './input.ts';

export interface DetectorCheckOptions extends DetectorSettings {
  readonly input?: string;
  readonly batch: number;
  readonly classes: number;
}

class DetectorSubject implements CheckSubject {
  readonly unread: ReadonlyMap<string, HostTensor> = new Map();

  constructor(
    private readonly detector: YolosDetector,
    private readonly input: PictureInput,
  ) {}

  get samples(): number {
    return this.input.targets.length;
  }

  get training() {
    return this.detector.training;
  }

  async pass(options: PassOptions, other?: Pass): Promise<Pass> {
    const { detector } = this;
    const read: Tensor[] = [];
    const boxes: HostTensor[] = [];
    try {
      const found = await collectPass(
        (sink) =>
          this.#trace(sink, options, boxes, (x) => {
            read.push(x.clone());
            return other?.output && tensor(other.output.data, [...other.output.shape]);
          }),
        (parameter, gradient) => detector.toCheckpoint(parameter, gradient),
      );
      const outputs = new Map(boxes.map((tensor) => ['boxes', tensor]));
      return { ...found, outputs, output: await toHost(read[0]!), ...(other && (await this.#own(options))) };
    } finally {
      dispose(read);
    }
  }

  #loss(logits: HostTensor, boxes: HostTensor) {
    const { spec } = this.detector;
    const outputs: DetectionOutputs = {
      ...{ batch: this.samples, queries: spec.detectionTokens },
      ...{ logits: logits.data, boxes: boxes.data },
    };
    return setLoss([outputs], this.input.targets, { classification: { kind: 'softmax', classes: spec.classes } });
  }

  /** Loss and logits of the network by itself. */
  async #own(options: PassOptions): Promise<Pick<Pass, 'loss' | 'logits'>> {
    const { logits, boxes } = applyYolos(this.detector, this.input.pixels, { ...options, context: inference });
    try {
      const found = await toHost(logits);
      return { loss: this.#loss(found, await toHost(boxes)).total, logits: found };
    } finally {
      dispose([logits, boxes]);
    }
  }

  /** Matching and loss are made on the host between the two ways. @param seen takes the boxes */
  async #trace(
    sink: Sink,
    options: PassOptions,
    seen: HostTensor[],
    onOutput: (x: Tensor) => Tensor | undefined,
  ): Promise<TracedPass> {
    const run = { ...options, context: inference, pixelGradient: true, onOutput };
    const { logits, boxes, pullback, report } = traceYolos(this.detector, this.input.pixels, run);
    const made: { dispose(): void }[] = [boxes, pullback];
    try {
      const [found, where] = [await toHost(logits), await toHost(boxes)];
      seen.push(where);
      const { total, layers } = this.#loss(found, where);
      const { gradient } = layers[0]!;
      const back: Detections = {
        logits: tensor(Float32Array.from(gradient.logits), logits.shape),
        boxes: tensor(Float32Array.from(gradient.boxes), boxes.shape),
      };
      made.push(back.logits, back.boxes);
      const dPixels = pullback(back, sink);
      if (dPixels) made.push(dPixels);
      const input = dPixels && { key: pixelsKey, tensor: channelsFirst(dPixels) };
      return { loss: scalar(total), logits, input, report };
    } catch (error) {
      logits.dispose();
      throw error;
    } finally {
      for (const item of made) item.dispose();
    }
  }

  async range(options: PassOptions): Promise<number> {
    const { stem, subBlocks } = this.detector.modules;
    const x0 = stem.apply(this.input.pixels, inference);
    try {
      return await measureRange(subBlocks, x0, inference, options);
    } finally {
      x0.dispose();
    }
  }

  async lastStates(options: PassOptions): Promise<HostTensor[]> {
    const { stem, subBlocks } = this.detector.modules;
    const x0 = stem.apply(this.input.pixels, inference);
    let states: Tensor[] = [];
    try {
      states = runStates(subBlocks, x0, inference, options);
      return await Promise.all([states.at(-1)!, states.at(-2)!].map(toHost));
    } finally {
      dispose([x0, ...states]);
    }
  }

  dispose(): void {
    this.input.pixels.dispose();
    this.detector.dispose();
  }
}

async function open(options: DetectorCheckOptions): Promise<YolosDetector> {
  const { model, classes } = options;
  const config = await readModelConfig(model);
  requireYolos(model, config, 'gradcheck cannot check it yet, only a YOLOS.');
  if (!isYolosConfig(config))
    return newYolos(
      options,
      Array.from({ length: classes }, (_, k) => `class ${k}`),
    );
  refuseNetworkOptions(options, model);
  return loadYolos(model, shapeOf(options));
}

/** @throws UsageError, and the errors of loading */
export async function detectorSubject(options: DetectorCheckOptions): Promise<CheckSubject> {
  const { input: path, batch, seed } = options;
  const detector = settleBlocks(await open(options), options);
  try {
    const { spec } = detector;
    const input = path === undefined ? randomPictures(spec, batch, seed) : await readPictures(path, spec);
    return new DetectorSubject(detector, input);
  } catch (error) {
    detector.dispose();
    throw error;
  }
}
