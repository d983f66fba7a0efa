/** Detection of objects: a YOLOS, whose whole network is one reversible run, and the set loss of DETR (arXiv 2106.00666, 2005.12872). */
import type { Coefficients, HeadRead, Method } from '@dr2net/core';
import {
  applyYolos,
  type BatchSource,
  type Detections,
  type ModelFolder,
  readLabels,
  type StepOptions,
  type StepResult,
  saveYolos,
  type TaskModel,
  traceYolos,
  type YolosDetector,
} from '@dr2net/models';
import { inference, type Parameter } from '@dr2net/ops';
import { dispose, scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { DetectionDatasetError } from '../dataset/errors.ts';
import { setLoss } from '../losses/set.ts';
import type { DetectionOutputs } from '../matching/contract.ts';
import type { DetectionBatch } from '../source/batch.ts';
import { type DetectionEvaluation, Evaluating } from './evaluation.ts';
import { type FoundInImage, foundObjects } from './found.ts';
import { type DetectionOptions, trainingOf } from './options.ts';

/** Names for the detector's classes: as given, as saved, else `class 0`, `class 1`, … */
function namesOf({ spec, config }: YolosDetector, given: readonly string[] | undefined): readonly string[] {
  const { classes } = spec;
  const saved = readLabels(config);
  const names = given ?? (saved?.length === classes ? saved : Array.from({ length: classes }, (_, k) => `class ${k}`));
  if (names.length !== classes)
    throw new DetectionDatasetError(
      `The detector has ${classes} classes, and ${names.length} are asked for (${names.join(', ')}). Make one for these: createYolos(yolosConfig(…, { classes })).`,
    );
  return names;
}

export class ObjectDetection implements TaskModel<DetectionBatch, DetectionEvaluation> {
  readonly task = 'detection';
  readonly architecture = 'yolos';
  /** Names of the classes, in the order of the logits. */
  readonly labels: readonly string[];
  /** What the norm reads of the last two states. */
  readonly read: HeadRead;
  coefficients: Coefficients;
  method: Method;

  /** See {@link objectDetection}. */
  constructor(
    readonly detector: YolosDetector,
    private readonly options: DetectionOptions,
  ) {
    this.labels = namesOf(detector, options.classes);
    const { coefficients, method, read } = trainingOf(detector, options);
    this.coefficients = coefficients;
    this.method = method;
    this.read = read;
  }

  get parameters(): readonly Parameter[] {
    return this.detector.parameters;
  }

  get subBlocks(): number {
    return this.detector.modules.subBlocks.length;
  }

  get layers(): number {
    return this.detector.spec.depth + 2;
  }

  /** Detection tokens that were made new learn as what stands behind the blocks does. */
  layerOf(parameter: Parameter): number {
    const { fresh, spec } = this.detector;
    return fresh && parameter.name === 'stem.detection' ? spec.depth + 1 : this.detector.layerOf(parameter);
  }

  /** The two networks that read the detection tokens. */
  isHead({ name }: Parameter): boolean {
    return name.startsWith('head.');
  }

  #run() {
    return { coefficients: this.coefficients, method: this.method, read: this.read };
  }

  /** @throws DetectionDatasetError where the learned positions are for pictures of another size */
  #pixels({ canvas, pixels }: DetectionBatch): Tensor {
    const [height, width] = this.detector.spec.input.size;
    if (canvas.height !== height || canvas.width !== width)
      throw new DetectionDatasetError(
        `The batch's canvas is ${canvas.height} × ${canvas.width} pixels, the detector is for ${height} × ${width}. Make the source with size: [${height}, ${width}], or load the detector with another size.`,
      );
    return pixels;
  }

  #outputs(batch: DetectionBatch, logits: ArrayLike<number>, boxes: ArrayLike<number>): DetectionOutputs {
    return { batch: batch.size, queries: this.detector.spec.detectionTokens, logits, boxes: boxes as Float32Array };
  }

  #loss(outputs: DetectionOutputs, { targets }: DetectionBatch) {
    const { noObject, weights, cost } = this.options;
    return setLoss([outputs], targets, {
      classification: {
        kind: 'softmax',
        classes: this.labels.length,
        ...(noObject !== undefined && { noObject }),
      },
      ...(weights && { weights }),
      ...(cost && { cost }),
    });
  }

  async step(batch: DetectionBatch, { context, sink, onPhase, scaleOf, anchorsOf }: StepOptions): Promise<StepResult> {
    onPhase?.('forward');
    const { logits, boxes, pullback, report } = traceYolos(this.detector, this.#pixels(batch), {
      ...this.#run(),
      context,
      ...(scaleOf ? { scale: scaleOf(0) } : {}),
      ...(anchorsOf ? { anchors: anchorsOf(0) } : {}),
    });
    const made: { dispose(): void }[] = [logits, boxes, pullback];
    try {
      onPhase?.('head');
      const [found, where] = await Promise.all([logits.data(), boxes.data()]);
      const { total, layers } = this.#loss(this.#outputs(batch, found, where), batch);
      const gradient = layers[0]!.gradient;
      const back: Detections = {
        logits: tensor(Float32Array.from(gradient.logits), logits.shape),
        boxes: tensor(Float32Array.from(gradient.boxes), boxes.shape),
      };
      made.push(back.logits, back.boxes);
      onPhase?.('backward');
      pullback(back, sink);
      dispose([back.logits, back.boxes, boxes]);
      return { loss: scalar(total), output: logits, reports: [report] };
    } catch (error) {
      for (const item of made) item.dispose();
      throw error;
    }
  }

  /** Logits [batch, detections, classes + 1]. */
  predict(batch: DetectionBatch): Tensor {
    const { logits, boxes } = this.#apply(batch);
    boxes.dispose();
    return logits;
  }

  #apply(batch: DetectionBatch): Detections {
    return applyYolos(this.detector, this.#pixels(batch), { ...this.#run(), context: inference });
  }

  async #outputsOf(batch: DetectionBatch): Promise<DetectionOutputs> {
    const { logits, boxes } = this.#apply(batch);
    try {
      const [found, where] = await Promise.all([logits.data(), boxes.data()]);
      return this.#outputs(batch, found, where);
    } finally {
      dispose([logits, boxes]);
    }
  }

  /**
   * What is found in the images of a batch.
   * @param threshold objects of a lower score are left out; default 0
   */
  async detect(batch: DetectionBatch, threshold = 0): Promise<FoundInImage[]> {
    return foundObjects(await this.#outputsOf(batch), batch, this.labels.length, threshold);
  }

  /** @param source with `training: false` */
  async evaluate(
    source: BatchSource<DetectionBatch>,
    options: { readonly signal?: AbortSignal; readonly onBatch?: (done: number) => void } = {},
  ): Promise<DetectionEvaluation> {
    const evaluating = new Evaluating(this.labels);
    const { signal, onBatch } = options;
    let done = 0;
    for await (const batch of source.epoch({ seed: 0, epoch: 0, ...(signal && { signal }) })) {
      try {
        const outputs = await this.#outputsOf(batch);
        evaluating.add(batch, foundObjects(outputs, batch, this.labels.length), this.#loss(outputs, batch).total);
      } finally {
        batch.dispose();
      }
      onBatch?.(++done);
      signal?.throwIfAborted();
    }
    return evaluating.result();
  }

  async save(folder: ModelFolder): Promise<void> {
    await saveYolos(folder, this.detector, {
      labels: this.labels,
      training: this.#run(),
      config: { finetuning_task: this.task },
    });
  }

  /** Nothing of its own to free: the detector is the caller's. */
  dispose(): void {}
}

/**
 * A YOLOS (borrowed) as a model that the training loop knows.
 * @throws DetectionDatasetError when the classes are not as many as the detector's
 */
export function objectDetection(detector: YolosDetector, options: DetectionOptions = {}): ObjectDetection {
  return new ObjectDetection(detector, options);
}
