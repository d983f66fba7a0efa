/** Action recognition: a video backbone, a classification head, and the cross-entropy of soft targets. */
import type { Coefficients, HeadRead, Method } from '@dr2net/core';
import {
  applyClassifier,
  type Backbone,
  type BatchSource,
  type ClassificationHead,
  gradients,
  type ModelFolder,
  type StepOptions,
  type StepResult,
  saveBackbone,
  settledTraining,
  type TaskModel,
} from '@dr2net/models';
import { inference, type Parameter } from '@dr2net/ops';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ClipBatch } from '../source/batch.ts';
import { type ClipForm, savedClipForm, writeClipForm } from './clip-form.ts';
import { evaluation, type RecognitionEvaluation, type ScoredClips, type ScoreOptions, scoreClips } from './evaluate.ts';
import { chooseHead } from './head.ts';
import { checkShare, type RecognizerOptions } from './options.ts';
import type { ViewAverage } from './views.ts';

/** The backbone does not take clips. */
export class BackboneInputError extends Error {
  override readonly name = 'BackboneInputError';
}

export class ActionRecognizer implements TaskModel<ClipBatch, RecognitionEvaluation> {
  readonly task = 'video';
  readonly head: ClassificationHead;
  /** Names of the classes, in the order of the logits. */
  readonly labels: readonly string[];
  readonly parameters: readonly Parameter[];
  /** What the head reads of the last two states. */
  readonly read: HeadRead;
  /** How clips become its input, where it is known. */
  readonly clips: ClipForm | undefined;
  coefficients: Coefficients;
  method: Method;
  readonly #own: ReadonlySet<Parameter>;
  readonly #labelSmoothing: number;
  readonly #viewAverage: ViewAverage;

  /** See {@link actionRecognizer}. */
  constructor(
    readonly backbone: Backbone,
    options: RecognizerOptions,
  ) {
    const { kind, channels } = backbone.input;
    if (kind !== 'video' || channels !== 3)
      throw new BackboneInputError(
        `The ${backbone.architecture} takes ${kind === 'video' ? `clips of ${channels} channels` : 'images'}; action recognition needs RGB clips. ` +
          'Load an image model with frames (loadBackbone(path, { frames: 8 })), which inflates it over time.',
      );
    this.#labelSmoothing = checkShare(options.labelSmoothing ?? 0, 'labelSmoothing');
    checkShare(options.dropout ?? 0, 'dropout');
    this.#viewAverage = options.viewAverage ?? 'probability';
    this.clips = options.clips ?? savedClipForm(backbone.config);
    const { head, labels, isNew } = chooseHead(backbone, options);
    this.head = head;
    this.labels = labels;
    this.#own = new Set(head.parameters);
    this.parameters = [...backbone.parameters, ...head.parameters];
    const { coefficients, method, read } = settledTraining(options, backbone.training, isNew);
    this.coefficients = coefficients;
    this.method = method;
    this.read = read;
  }

  get architecture(): string {
    return this.backbone.architecture;
  }

  get subBlocks(): number {
    return this.backbone.runs.reduce((sum, { subBlocks }) => sum + subBlocks.length, 0);
  }

  get layers(): number {
    return this.backbone.depth + 2;
  }

  layerOf(parameter: Parameter): number {
    return this.isHead(parameter) ? this.layers - 1 : this.backbone.layerOf(parameter);
  }

  isHead(parameter: Parameter): boolean {
    return this.#own.has(parameter);
  }

  #run() {
    return { coefficients: this.coefficients, method: this.method, read: this.read };
  }

  /** t·(1 − s) + s/K, of one-hot and of mixed targets alike. */
  #smoothed(targets: Tensor): Tensor {
    const smoothing = this.#labelSmoothing;
    return tidy(() => add(mul(targets, 1 - smoothing), smoothing / this.labels.length));
  }

  step(batch: ClipBatch, { context, sink, onPhase, scaleOf, anchorsOf }: StepOptions): StepResult {
    const targets = this.#smoothed(batch.targets);
    try {
      const { loss, output, reports } = gradients(this.backbone, this.head, batch.pixels, targets, {
        ...this.#run(),
        context,
        sink,
        ...(onPhase ? { onPhase } : {}),
        ...(scaleOf ? { scaleOf } : {}),
        ...(anchorsOf ? { anchorsOf } : {}),
      });
      return { loss, output, reports };
    } finally {
      targets.dispose();
    }
  }

  /** Logits [batch, classes]. */
  predict(batch: ClipBatch): Tensor {
    return applyClassifier(this.backbone, this.head, batch.pixels, { ...this.#run(), context: inference });
  }

  /** Scores of every clip of a source: probabilities (or logits, by `viewAverage`), averaged over its views. */
  score(source: BatchSource<ClipBatch>, options?: ScoreOptions): Promise<ScoredClips> {
    return scoreClips(source, (batch) => this.predict(batch), this.#viewAverage, options);
  }

  async evaluate(source: BatchSource<ClipBatch>, options?: ScoreOptions): Promise<RecognitionEvaluation> {
    return evaluation(await this.score(source, options), this.labels);
  }

  async save(folder: ModelFolder): Promise<void> {
    await saveBackbone(folder, this.backbone, {
      head: this.head,
      labels: this.labels,
      training: this.#run(),
      config: {
        finetuning_task: this.task,
        problem_type: 'single_label_classification',
        ...writeClipForm(this.clips),
      },
    });
  }

  /** Frees the head. The backbone is the caller's. */
  dispose(): void {
    this.head.dispose();
  }
}

/**
 * A video backbone (borrowed) with a classification head: the checkpoint's own where it has one, else a new one.
 * @throws ClassesError when the classes are not those of the checkpoint's head, BackboneInputError for an image model,
 * RangeError for a share outside [0, 1)
 */
export function actionRecognizer(backbone: Backbone, options: RecognizerOptions = {}): ActionRecognizer {
  return new ActionRecognizer(backbone, options);
}
