/** Options of a finetuning run, checked and with their defaults. */
import type { Coefficients, Method } from '@dr2net/core';
import type { DeviceProbe } from '@dr2net/memory';
import type { Batch, BatchSource, ModelFolder, TaskModel } from '@dr2net/models';
import { refuseUnknown, requireNumber } from '../check.ts';
import { EmptyDataError } from '../errors.ts';
import { adamW } from '../optimizer/adamw.ts';
import { type Clip, resolveClip, type UpdateMode } from '../optimizer/clip.ts';
import type { Optimizer } from '../optimizer/contract.ts';
import { runsEver } from './plan.ts';
import type { CoefficientSchedule, LearningRateSchedule } from './schedule.ts';

/** Where checkpoints go, how often, and whether to go on from one. */
export interface CheckpointOptions {
  /** In Node a path, made when it is absent; in a browser a folder's handle (`showDirectoryPicker`, or `navigator.storage.getDirectory()`). */
  readonly folder: ModelFolder;
  /** Steps from one checkpoint to the next; by default one at the end of every epoch. There is always one at the end. */
  readonly every?: number;
  /** Goes on from the checkpoint in the folder. Without it a folder that has one is refused. */
  readonly resume?: boolean;
}

/** What is evaluated during training, and how often. */
export interface EvaluateOptions<B extends Batch> {
  readonly source: BatchSource<B>;
  /** Epochs from one evaluation to the next (default 1). There is always one at the end. */
  readonly every?: number;
}

/** The part of a backend of `@dr2net/backends` that the loop uses. */
export interface BackendHooks {
  readonly memory: DeviceProbe;
  /** Throws an error that the device reported since the last call. */
  check(): void;
  /** Gives back to the device what no tensor uses; absent where nothing is kept. */
  trim?(): void;
}

/** All that {@link finetune} may be told. */
export interface FinetuneOptions<B extends Batch> {
  /** How long: one of `epochs` and `steps`. */
  readonly epochs?: number;
  readonly steps?: number;
  /** How activations are kept; default the model's own `method`. */
  readonly method?: Method;
  /**
   * Where the device runs out of memory in a step: the methods to go on with, each leaner than the one before. The step is done
   * again with the next of them, and so is every step after it. With `update: 'sink'` a step that has updated parameters
   * already cannot be done again. Default: none, the run ends.
   */
  readonly leaner?: readonly Method[];
  /** α and β; default the model's own `coefficients` all the way. */
  readonly schedule?: CoefficientSchedule;
  /** Default `adamW()`. */
  readonly optimizer?: Optimizer;
  /** Default: the optimizer's `learningRate` all the way. */
  readonly learningRate?: LearningRateSchedule;
  /**
   * `collect` (default) updates after the backward pass; `sink` updates each parameter the moment its gradient exists,
   * so that gradients never all live at once (then clipping is by parameter or by the previous step's norm).
   */
  readonly update?: UpdateMode;
  /** Batches that make one step (default 1); more need `collect`. */
  readonly accumulate?: number;
  /**
   * Parts in which each sub-block works (default 1), an MLP on its tokens, attention on its heads (at most one a part): less memory inside
   * a sub-block. `checkpoint`, `reversible` and `exact` evaluate each part as often as before, `conventional` once more. Results are those of one part up to rounding.
   */
  readonly chunks?: number;
  readonly clip?: number | Clip;
  /** Decay of the moving average of the weights; evaluations use it, and the model holds it when the run has finished. */
  readonly ema?: number;
  /** 32-bit unsigned (default 0): data order, augmentations, dropout and stochastic depth follow from it. */
  readonly seed?: number;
  readonly evaluate?: BatchSource<B> | EvaluateOptions<B>;
  readonly checkpoint?: CheckpointOptions;
  /** Ends the run after the step at hand, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** What `startBackend` gave: adds device bytes to the memory reports, and its late errors end the run. */
  readonly backend?: BackendHooks;
}

export interface ResolvedOptions<B extends Batch> {
  readonly epochs: number;
  readonly total: number;
  /** Steps in one epoch. */
  readonly epochSteps: number;
  /** Samples in one epoch. */
  readonly samples: number;
  readonly method: Method;
  /** Of the model. Where it has several runs each is shorter, and the run itself refuses what does not fit it. */
  readonly subBlocks: number;
  readonly leaner: readonly Method[];
  readonly schedule: CoefficientSchedule;
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRateSchedule;
  readonly update: UpdateMode;
  readonly accumulate: number;
  readonly chunks: number;
  readonly clip: Clip | undefined;
  readonly ema: number | undefined;
  readonly seed: number;
  readonly evaluate: Required<EvaluateOptions<B>> | undefined;
  readonly checkpoint: CheckpointOptions | undefined;
  readonly signal: AbortSignal | undefined;
  readonly backend: BackendHooks | undefined;
}

const known: Readonly<Record<keyof FinetuneOptions<Batch>, true>> = {
  epochs: true,
  steps: true,
  method: true,
  leaner: true,
  schedule: true,
  optimizer: true,
  learningRate: true,
  update: true,
  accumulate: true,
  chunks: true,
  clip: true,
  ema: true,
  seed: true,
  evaluate: true,
  checkpoint: true,
  signal: true,
  backend: true,
};

const whole = (least: number) => (x: number) => Number.isInteger(x) && x >= least;

/**
 * Throws EmptyDataError for a source without batches; a RangeError or TypeError that names the option, its value and what it must be; MethodError or CoefficientsError
 * of `@dr2net/core` where the method does not exist or cannot run with what the schedule gives.
 */
export function resolveOptions<B extends Batch, E>(
  model: TaskModel<B, E>,
  data: BatchSource<B>,
  options: FinetuneOptions<B>,
): ResolvedOptions<B> {
  const {
    epochs,
    steps,
    accumulate = 1,
    chunks = 1,
    seed = 0,
    update = 'collect',
    optimizer = adamW(),
    evaluate,
    ema,
  } = options;
  refuseUnknown('finetune', options, known);
  if ((epochs === undefined) === (steps === undefined))
    throw new TypeError(`finetune: give epochs or steps, one of them; epochs is ${epochs} and steps is ${steps}.`);
  if (epochs !== undefined) requireNumber('finetune', 'epochs', epochs, whole(1), 'a whole number of 1 or more');
  if (steps !== undefined) requireNumber('finetune', 'steps', steps, whole(1), 'a whole number of 1 or more');
  requireNumber('finetune', 'accumulate', accumulate, whole(1), 'a whole number of 1 or more');
  requireNumber('finetune', 'chunks', chunks, whole(1), 'a whole number of 1 or more');
  requireNumber('finetune', 'seed', seed, (x) => whole(0)(x) && x < 2 ** 32, 'a whole number from 0 to 2³²−1');
  if (ema !== undefined) requireNumber('finetune', 'ema', ema, (x) => x > 0 && x < 1, 'in (0, 1)');
  if (update !== 'collect' && update !== 'sink')
    throw new TypeError(`finetune: update is ${JSON.stringify(update)}; it must be 'collect' or 'sink'.`);
  if (update === 'sink' && accumulate > 1)
    throw new RangeError(
      `finetune: accumulate is ${accumulate}, but update 'sink' frees every gradient at once and can add none up; use update 'collect'.`,
    );
  if (!(data.batches >= 1)) throw new EmptyDataError(1);
  const epochSteps = Math.ceil(data.batches / accumulate);
  const coefficients: Coefficients = model.coefficients;
  const { every = undefined } = options.checkpoint ?? {};
  if (every !== undefined) requireNumber('checkpoint', 'every', every, whole(1), 'a whole number of 1 or more');
  const resolved: ResolvedOptions<B> = {
    epochs: epochs ?? Number.POSITIVE_INFINITY,
    total: steps ?? (epochs ?? 0) * epochSteps,
    epochSteps,
    samples: data.samples,
    method: options.method ?? model.method,
    subBlocks: model.subBlocks,
    leaner: options.leaner ?? [],
    schedule: options.schedule ?? { at: () => coefficients },
    optimizer,
    learningRate: options.learningRate ?? { at: () => optimizer.learningRate },
    update,
    accumulate,
    chunks,
    clip: resolveClip(options.clip, update),
    ema,
    seed,
    evaluate: evaluate && ('source' in evaluate ? { every: 1, ...evaluate } : { source: evaluate, every: 1 }),
    checkpoint: options.checkpoint,
    signal: options.signal,
    backend: options.backend,
  };
  requireUsableMethod(resolved);
  for (const method of resolved.leaner) requireUsableMethod({ ...resolved, method });
  return resolved;
}

/** A method that inverts must get a β ≠ 0 at some step, or the run would be another than the one asked for. */
function requireUsableMethod(options: Parameters<typeof runsEver>[0] & { readonly method: Method }): void {
  const { name } = options.method;
  const uses = runsEver(options);
  if ((name === 'reversible' || name === 'exact') && !uses)
    throw new RangeError(
      `finetune: method ${name} inverts the network, which needs β ≠ 0, and the schedule gives β = 0 at every step. ` +
        'Pass a schedule with β ≠ 0 (constant 63/64, 1/64 goes well with exact), or use method conventional or checkpoint.',
    );
}
