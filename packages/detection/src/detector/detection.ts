/** Detection of objects as a task: a network that gives classes and boxes, a loss on the host between its forward and backward pass. */
import type { Coefficients, HeadRead, Method } from '@dr2net/core';
import type { MemoryModel } from '@dr2net/memory';
import {
  type BatchSource,
  type Detections,
  type DinoDetector,
  type ModelFolder,
  readLabels,
  type StepOptions,
  type StepResult,
  settledTraining,
  type TaskModel,
  type YolosDetector,
} from '@dr2net/models';
import type { Parameter } from '@dr2net/ops';
import { scalar, type Tensor } from '@tensorflow/tfjs-core';
import { DetectionDatasetError } from '../dataset/errors.ts';
import { SetLossMean } from '../losses/mean.ts';
import type { DetectionOutputs } from '../matching/contract.ts';
import type { DetectionBatch } from '../source/batch.ts';
import { type DetectionEvaluation, Evaluating } from './evaluation.ts';
import { type FoundFilter, type FoundInImage, foundObjects } from './found.ts';
import type { DetectorNetwork, RunSetting } from './network.ts';
import { detectorNetwork } from './network-of.ts';
import type { DetectionOptions } from './options.ts';
import { outputsOf, passLoss } from './pass-loss.ts';
import { trialBatch } from './trial-batch.ts';

/** Names for the detector's classes: as given, as saved, else `class 0`, `class 1`, … */
function namesOf({ classification, config }: DetectorNetwork, given: readonly string[] | undefined): readonly string[] {
  const { classes } = classification;
  const saved = readLabels(config);
  const names = given ?? (saved?.length === classes ? saved : Array.from({ length: classes }, (_, k) => `class ${k}`));
  if (names.length !== classes)
    throw new DetectionDatasetError(
      `The detector has ${classes} classes, and ${names.length} are asked for (${names.join(', ')}). Make one for these, or give this one a new classifier.`,
    );
  return names;
}

export class ObjectDetection implements TaskModel<DetectionBatch, DetectionEvaluation> {
  readonly task = 'detection';
  /** Names of the classes, in the order of the logits. */
  readonly labels: readonly string[];
  /** What reads the last two states of a run, reads this of them. */
  readonly read: HeadRead;
  readonly layers: number;
  coefficients: Coefficients;
  method: Method;

  /** See {@link objectDetection}. */
  constructor(
    private readonly network: DetectorNetwork,
    options: DetectionOptions,
  ) {
    this.labels = namesOf(network, options.classes);
    const { coefficients, method, read } = settledTraining(options, network.training, network.fresh);
    this.coefficients = coefficients;
    this.method = method;
    this.read = read;
    this.layers = 1 + Math.max(...network.parameters.map((parameter) => network.layerOf(parameter)));
  }

  get architecture(): string {
    return this.network.architecture;
  }

  get parameters(): readonly Parameter[] {
    return this.network.parameters;
  }

  get subBlocks(): number {
    return this.network.subBlocks;
  }

  /** The canvas that the network is for, [height, width] in pixels, and how it takes pixels. */
  get input(): DetectorNetwork['input'] {
    return this.network.input;
  }

  /** Objects that can be found in an image. */
  get queries(): number {
    return this.network.queries;
  }

  layerOf(parameter: Parameter): number {
    return this.network.layerOf(parameter);
  }

  isHead(parameter: Parameter): boolean {
    return this.network.isHead(parameter);
  }

  /** The memory of training, as the planner of `@dr2net/memory` sees it; null where it is not known for the network. */
  footprint(): MemoryModel | null {
    return this.network.footprint();
  }

  /**
   * A batch of noise that takes as much memory in training as any of so many images with at most `objects` objects each, for trials
   * where {@link footprint} is null.
   */
  trialBatch(size: number, objects: number): DetectionBatch {
    const { classification, queries, input } = this.network;
    const [height, width] = input.size;
    const most = Math.max(1, Math.min(objects, queries));
    const { classes } = classification;
    return trialBatch({ size, classes, canvas: { height, width }, objects: this.network.heaviest(most) });
  }

  get #run(): RunSetting {
    return { coefficients: this.coefficients, method: this.method, read: this.read };
  }

  async step(batch: DetectionBatch, options: StepOptions): Promise<StepResult> {
    const { sink, onPhase } = options;
    onPhase?.('forward');
    this.network.requireCanvas(batch.canvas);
    const pass = await this.network.trace(batch, { ...this.#run, ...options });
    const { sets, pullback, reports } = pass;
    const held: { dispose(): void }[] = [pullback, ...sets.flatMap(({ logits, boxes }) => [logits, boxes])];
    try {
      onPhase?.('head');
      const { total, gradients } = await passLoss(pass);
      held.push(...gradients.flatMap(({ logits, boxes }) => [logits, boxes]));
      onPhase?.('backward');
      pullback(gradients, sink);
      const output = (sets.at(-1) as Detections).logits.clone();
      return { loss: scalar(total), output, reports };
    } finally {
      for (const item of held) item.dispose();
    }
  }

  /** Logits of the final classes [batch, queries, classes], a YOLOS's with one more for 'no object'. */
  async predict(batch: DetectionBatch): Promise<Tensor> {
    const { logits, boxes } = await this.#apply(batch);
    boxes.dispose();
    return logits;
  }

  #apply(batch: DetectionBatch): Detections | Promise<Detections> {
    this.network.requireCanvas(batch.canvas);
    return this.network.apply(batch, this.#run);
  }

  async #outputsOf(batch: DetectionBatch): Promise<DetectionOutputs> {
    const found = await this.#apply(batch);
    try {
      return await outputsOf(found);
    } finally {
      found.logits.dispose();
      found.boxes.dispose();
    }
  }

  /**
   * What is found in the images of a batch.
   * @throws RangeError for a filter that cannot be
   */
  async detect(batch: DetectionBatch, filter: FoundFilter = {}): Promise<FoundInImage[]> {
    return this.#found(await this.#outputsOf(batch), batch, filter);
  }

  #found(outputs: DetectionOutputs, batch: DetectionBatch, filter: FoundFilter): FoundInImage[] {
    const { network } = this;
    return foundObjects(outputs, batch, network.frames(batch), network.classification, filter);
  }

  /**
   * @param source with `training: false`
   * @throws RangeError for an `nms` that cannot be
   */
  async evaluate(
    source: BatchSource<DetectionBatch>,
    options: { readonly signal?: AbortSignal; readonly onBatch?: (done: number) => void } & Pick<
      FoundFilter,
      'nms'
    > = {},
  ): Promise<DetectionEvaluation> {
    const { network } = this;
    const evaluating = new Evaluating(this.labels, new SetLossMean(network.classification, network.weights));
    const { signal, onBatch, ...filter } = options;
    let done = 0;
    for await (const batch of source.epoch({ seed: 0, epoch: 0, ...(signal && { signal }) })) {
      try {
        const outputs = await this.#outputsOf(batch);
        const found = this.#found(outputs, batch, filter);
        evaluating.add(batch, found, network.loss(outputs, batch), outputs.queries);
      } finally {
        batch.dispose();
      }
      onBatch?.(++done);
      signal?.throwIfAborted();
    }
    return evaluating.result();
  }

  async save(folder: ModelFolder): Promise<void> {
    await this.network.save(folder, {
      labels: this.labels,
      training: this.#run,
      config: { finetuning_task: this.task },
    });
  }

  /** Nothing of its own to free: the detector is the caller's. */
  dispose(): void {}
}

/**
 * A YOLOS, a Deformable DETR or a DINO (borrowed) as a model that the training loop knows.
 * @throws DetectionDatasetError when the classes are not as many as the detector's; RangeError for options that its network does not have
 */
export function objectDetection(
  detector: YolosDetector | DinoDetector,
  options: DetectionOptions = {},
): ObjectDetection {
  return new ObjectDetection(detectorNetwork(detector, options), options);
}
