/**
 * What a training loop asks of a model and of its data. Tasks (video, detection, point clouds) implement these; the
 * loop in `@dr2net/train` knows nothing else of them.
 */
import type { AnchorControl, Coefficients, ExactScale, Method, RunReport } from '@dr2net/core';
import type { Context, Parameter, Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ModelFolder } from './files/chosen-folder.ts';

/** What a batch must have: names for messages, and tensors to free. */
export interface Batch {
  /** The names of its samples (clip files, scenes), for error messages. */
  readonly ids: readonly string[];
  readonly size: number;
  /**
   * Class numbers, one for each row of the logits that the model gives: of a sample, or of a sample's point. A number that is none of the
   * classes is not counted. Where they are known, a training step tells its accuracy.
   */
  readonly labels?: ArrayLike<number>;
  dispose(): void;
}

/** Batches in an order that depends on (seed, epoch) alone, so that an interrupted run can go on where it stopped. */
export interface BatchSource<B extends Batch> {
  /** Samples in one epoch. */
  readonly samples: number;
  /** Batches in one epoch. */
  readonly batches: number;
  /** The batches of one epoch, from number `from` (default 0) on; made ahead of their use, bounded. The caller disposes each. */
  epoch(options: { seed: number; epoch: number; from?: number; signal?: AbortSignal }): AsyncIterable<B>;
}

/** One forward and backward pass. Tensors are owned by the caller. */
export interface StepResult {
  /** Scalar: the mean loss of the batch. */
  readonly loss: Tensor;
  /** The head's output. */
  readonly output: Tensor;
  /** One report a reversible run (one in a ViT, one a stage in a Swin). */
  readonly reports: readonly RunReport[];
}

/** A phase of a step, for the memory meter and the progress line. */
export type Phase = 'forward' | 'head' | 'backward';

/** What the training loop tells a model about one step. */
export interface StepOptions {
  readonly context: Context;
  readonly sink: Sink;
  /** Called when a phase begins. */
  readonly onPhase?: (phase: Phase) => void;
  /**
   * For `RunOptions.scale` of the model's reversible run number `run` (0 in a ViT, the stage in a Swin): the grid that
   * `exact` chose, remembered from step to step. The loop keeps them and saves them with its checkpoints.
   */
  readonly scaleOf?: (run: number) => ExactScale;
  /** The same for `RunOptions.anchors`: how the measured errors of `reversible` compare with the predicted ones. */
  readonly anchorsOf?: (run: number) => AnchorControl;
}

/** A model with a task's head and loss on a pretrained backbone. */
export interface TaskModel<B extends Batch, Evaluation> {
  /** `video`, `detection`, `pointcloud`: written into `config.json`. */
  readonly task: string;
  /** The backbone's, for messages and to tell a checkpoint of another model. */
  readonly architecture?: string;
  readonly parameters: readonly Parameter[];
  /** Sub-blocks of all runs. */
  readonly subBlocks: number;
  /** α and β in use; the schedule sets them, saving writes them, inference uses them. */
  coefficients: Coefficients;
  method: Method;
  /** Layer of a parameter for layer-wise learning-rate decay: 0 the stem, 1 … L the blocks, L+1 the head (BEiT's rule). */
  layerOf(parameter: Parameter): number;
  /** L + 2. */
  readonly layers: number;
  /** Whether the parameter belongs to the head (which learns while the backbone is frozen). */
  isHead(parameter: Parameter): boolean;
  /**
   * Forward and backward on one batch; every trainable parameter's gradient goes to the sink. A promise where something has to come back
   * from the device in between: detection matches what was found with what is there on the host.
   */
  step(batch: B, options: StepOptions): StepResult | Promise<StepResult>;
  /**
   * The head's output (recognition: logits [batch, classes]), without dropout or stochastic depth. A promise where something has to come
   * back from the device in between: a detector chooses its queries on the host.
   */
  predict(batch: B): Tensor | Promise<Tensor>;
  /** Loss and metrics over a whole source. */
  evaluate(
    source: BatchSource<B>,
    options?: { signal?: AbortSignal; onBatch?: (done: number) => void },
  ): Promise<Evaluation>;
  /** Writes `config.json` and `model.safetensors` (published names) into a folder (a path in Node, a handle in a page); atomic. */
  save(folder: ModelFolder): Promise<void>;
  dispose(): void;
}
