/** Semantic segmentation of point clouds: a point segmenter, and the cross-entropy of weighted points. */
import type { Coefficients, HeadRead, Method } from '@dr2net/core';
import {
  applySegmenter,
  type ModelFolder,
  type Phase,
  type PointSegmenter,
  pointGeometry,
  readLabels,
  type SegmenterPart,
  type StepOptions,
  type StepResult,
  saveSegmenter,
  settledTraining,
  type TaskModel,
  traceSegmenter,
} from '@dr2net/models';
import { inference, type Parameter } from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { pointTargets } from '../dataset/weights.ts';
import { CloudDatasetError } from '../errors.ts';
import type { VoteKind } from '../inference/votes.ts';
import type { PointBatch } from '../source/batch.ts';
import { type SavedCloudForm, savedCloudForm, writeCloudForm } from './cloud-form.ts';
import { evaluateScenes, MeanCrossEntropy, type PointEvaluation } from './evaluation.ts';
import { pointLoss } from './loss.ts';
import type { SegmentationOptions } from './options.ts';
import { type SceneSource, type SegmentedScene, type SegmentOptions, segmentScenes } from './scenes.ts';

/** Names for the segmenter's classes: as given, as saved, else `class 0`, `class 1`, … */
function namesOf(segmenter: PointSegmenter, given: readonly string[] | undefined): readonly string[] {
  const { classes } = segmenter.spec.head;
  const saved = readLabels(segmenter.config);
  const names = given ?? (saved?.length === classes ? saved : Array.from({ length: classes }, (_, k) => `class ${k}`));
  if (names.length !== classes)
    throw new CloudDatasetError(
      `The segmenter's head has ${classes} classes, and ${names.length} are asked for (${names.join(', ')}). Give it a new head: withNewHead(segmenter, ${names.length}, seed).`,
    );
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice !== undefined) throw new CloudDatasetError(`Class "${twice}" occurs twice in ${names.join(', ')}.`);
  return names;
}

/** The parts of the forward pass as phases of a step: the decoder is the head's. In the backward pass all is one phase. */
function phaseOf(onPhase: (phase: Phase) => void): (part: SegmenterPart) => void {
  let forward = true;
  return (part) => {
    if (forward) onPhase(part === 'decoder' ? 'head' : 'forward');
    forward &&= part !== 'decoder';
  };
}

export class PointSegmentation implements TaskModel<PointBatch, PointEvaluation> {
  readonly task = 'pointcloud';
  readonly architecture = 'pointvit';
  /** Names of the classes, in the order of the logits. */
  readonly labels: readonly string[];
  /** How clouds become its input, where it is known. */
  readonly clouds: SavedCloudForm | undefined;
  /** What the norm reads of the last two states. */
  readonly read: HeadRead;
  coefficients: Coefficients;
  method: Method;
  readonly #smoothing: number;
  readonly #weights: readonly number[] | undefined;
  readonly #votes: VoteKind;

  /** See {@link pointSegmentation}. */
  constructor(
    readonly segmenter: PointSegmenter,
    options: SegmentationOptions,
  ) {
    const { labelSmoothing = 0, classWeights, votes = 'probability' } = options;
    this.labels = namesOf(segmenter, options.classes);
    if (!(labelSmoothing >= 0 && labelSmoothing < 1))
      throw new RangeError(`labelSmoothing is ${labelSmoothing}; it must be at least 0 and below 1.`);
    const wrong = classWeights?.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
    if (wrong !== undefined || (classWeights && classWeights.length !== this.labels.length))
      throw new RangeError(
        `classWeights are [${classWeights?.join(', ')}]; ${this.labels.length} numbers of 0 or more are needed.`,
      );
    this.#smoothing = labelSmoothing;
    this.#weights = classWeights;
    this.#votes = votes;
    this.clouds = options.clouds ?? savedCloudForm(segmenter.config);
    const { coefficients, method, read } = settledTraining(options, segmenter.training, segmenter.fresh);
    this.coefficients = coefficients;
    this.method = method;
    this.read = read;
  }

  get parameters(): readonly Parameter[] {
    return this.segmenter.parameters;
  }

  get subBlocks(): number {
    return this.segmenter.modules.subBlocks.length;
  }

  get layers(): number {
    return this.segmenter.spec.depth + 2;
  }

  /** The embedding is layer 0 where it was trained before, and of the top layer where it was made new. */
  layerOf(parameter: Parameter): number {
    const { fresh, spec } = this.segmenter;
    const [, block] = /^blocks\.(\d+)\./.exec(parameter.name) ?? [];
    if (block !== undefined) return Number(block) + 1;
    return this.isHead(parameter) || parameter.name.startsWith('norm.') || fresh ? spec.depth + 1 : 0;
  }

  /** Decoder and head. */
  isHead({ name }: Parameter): boolean {
    return name.startsWith('decoder.') || name.startsWith('head.');
  }

  #run() {
    return { coefficients: this.coefficients, method: this.method, read: this.read };
  }

  #geometry({ coordinates, size, features }: PointBatch) {
    const { channels } = this.segmenter.spec;
    if (features.shape[2] !== channels)
      throw new CloudDatasetError(
        `The batch has ${features.shape[2]} features a point, the segmenter takes ${channels}. Choose the features that it was made for.`,
      );
    return pointGeometry(this.segmenter.spec, coordinates, size);
  }

  step(batch: PointBatch, { context, sink, onPhase, scaleOf, anchorsOf }: StepOptions): StepResult {
    const geometry = this.#geometry(batch);
    const targets = pointTargets(batch.labels, this.labels.length, {
      smoothing: this.#smoothing,
      ...(this.#weights ? { weights: this.#weights } : {}),
    });
    const made: { dispose(): void }[] = [];
    try {
      const { value, pullback, report } = traceSegmenter(this.segmenter, batch.features, geometry, {
        ...this.#run(),
        context,
        ...(onPhase ? { onPart: phaseOf(onPhase) } : {}),
        ...(scaleOf ? { scale: scaleOf(0) } : {}),
        ...(anchorsOf ? { anchors: anchorsOf(0) } : {}),
      });
      made.push(value, pullback);
      const { loss, gradient } = pointLoss(value, targets);
      made.push(loss, gradient);
      onPhase?.('backward');
      pullback(gradient, sink);
      gradient.dispose();
      return { loss, output: value, reports: [report] };
    } catch (error) {
      for (const item of made) item.dispose();
      throw error;
    }
  }

  /** Logits [batch, points, classes]. */
  predict(batch: PointBatch): Tensor {
    const geometry = this.#geometry(batch);
    return applySegmenter(this.segmenter, batch.features, geometry, { ...this.#run(), context: inference });
  }

  /** Classes of all points of every scene, by votes of overlapping samples; scene after scene. */
  segment(source: SceneSource, options: SegmentOptions = {}): AsyncGenerator<SegmentedScene, void, undefined> {
    return this.#segment(source, options);
  }

  #segment(source: SceneSource, options: SegmentOptions, look?: (logits: Float32Array, batch: PointBatch) => void) {
    const logits = async (batch: PointBatch): Promise<Float32Array> => {
      const output = this.predict(batch);
      try {
        const values = (await output.data()) as Float32Array;
        look?.(values, batch);
        return values;
      } finally {
        dispose(output);
      }
    };
    return segmentScenes(source, { ...options, classes: this.labels.length, votes: this.#votes, logits });
  }

  /** @param source a `pointSource` with `training: false` */
  evaluate(source: SceneSource, options: SegmentOptions = {}): Promise<PointEvaluation> {
    const loss = new MeanCrossEntropy();
    const scenes = this.#segment(source, options, (logits, batch) => loss.add(logits, batch.labels));
    return evaluateScenes(scenes, this.labels, loss);
  }

  async save(folder: ModelFolder): Promise<void> {
    await saveSegmenter(folder, this.segmenter, {
      labels: this.labels,
      training: this.#run(),
      config: { finetuning_task: this.task, ...writeCloudForm(this.clouds) },
    });
  }

  /** Nothing of its own to free: the segmenter is the caller's. */
  dispose(): void {}
}

/**
 * A point segmenter (borrowed) as a model that the training loop knows.
 * @throws CloudDatasetError when the classes are not as many as the head's; RangeError for smoothing or weights that cannot be
 */
export function pointSegmentation(segmenter: PointSegmenter, options: SegmentationOptions = {}): PointSegmentation {
  return new PointSegmentation(segmenter, options);
}
