/** What a checkpoint says besides its tensors. The random state is the seed: all masks and orders follow from it and the step. */
import type { AnchorControlState, Coefficients, ExactScaleState } from '@dr2net/core';
import type { Batch, TaskModel } from '@dr2net/models';
import type { ResolvedOptions } from '../loop/options.ts';
import { planStep, stateBefore } from '../loop/plan.ts';
import type { Position } from '../loop/position.ts';
import type { Trainer } from '../loop/trainer.ts';

export interface RunState {
  readonly version: 1;
  readonly task: string;
  readonly architecture: string | null;
  readonly position: Position;
  readonly coefficients: Coefficients;
  /** The grids of `exact`. */
  readonly grids: readonly ExactScaleState[];
  /** What `reversible` has measured; absent in checkpoints that were made before it did. */
  readonly anchors?: readonly AnchorControlState[];
  /** What a schedule that looks has learned. */
  readonly course?: unknown;
  readonly optimizer: string;
  /** Updates by parameter. */
  readonly counts: Readonly<Record<string, number>>;
  /** The optimizer's tensors in the file, `slot/parameter`; absent in checkpoints that were made before they were listed. */
  readonly slots?: readonly string[];
  /** The norm that the next step is clipped by (update `sink`). */
  readonly previousNorm: number | null;
  readonly ema: number | null;
  readonly seed: number;
  /** What else later losses depend on: when one of these differs on resuming, the user is told. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The name of the first part that a state needs and has not, or not as what it should be. */
export function brokenPart(state: RunState): string | undefined {
  const { position, coefficients, counts, settings, grids, anchors = [], slots = [] } = state;
  const whole = {
    position: isRecord(position),
    coefficients: isRecord(coefficients) && [coefficients.alpha, coefficients.beta].every(Number.isFinite),
    counts: isRecord(counts),
    settings: isRecord(settings),
    grids: Array.isArray(grids),
    anchors: Array.isArray(anchors),
    slots: Array.isArray(slots),
  };
  return Object.entries(whole).find(([, right]) => !right)?.[0];
}

/** Everything that a run's later losses depend on, besides the tensors, the seed and the position. */
export function settingsOf(options: ResolvedOptions<Batch>): Record<string, unknown> {
  const { optimizer, total, method, update, accumulate, chunks, clip, epochSteps, samples } = options;
  // Schedules are functions; what they give along the run tells one from another.
  const before = stateBefore(options);
  const course = [0, 0.25, 0.5, 0.75, 1].map((at) => {
    const { coefficients, learningRate, frozen } = planStep(Math.round(at * Math.max(0, total - 1)), options, before);
    return [coefficients.alpha, coefficients.beta, learningRate, frozen];
  });
  return {
    steps: total,
    'steps an epoch': epochSteps,
    'samples an epoch': samples,
    method,
    'schedule and learning rate': course,
    schedule: options.schedule.toJSON?.() ?? null,
    'learning-rate schedule': options.learningRate.toJSON?.() ?? null,
    'optimizer settings': optimizer.settings,
    'weight decay': optimizer.weightDecay,
    'layer decay': optimizer.layerDecay,
    update,
    accumulate,
    chunks,
    clip: clip ?? null,
  };
}

export function stateOf<B extends Batch, E>(
  model: TaskModel<B, E>,
  trainer: Trainer<B, E>,
  position: Position,
  options: ResolvedOptions<B>,
): RunState {
  return {
    version: 1,
    task: model.task,
    architecture: model.architecture ?? null,
    position: { ...position },
    coefficients: model.coefficients,
    grids: trainer.grids.toJSON(),
    anchors: trainer.anchors.toJSON(),
    ...(trainer.course.state !== undefined && { course: trainer.course.state }),
    optimizer: options.optimizer.name,
    counts: trainer.state.counts(),
    slots: Array.from(trainer.state.entries(), ([slot, name]) => `${slot}/${name}`),
    previousNorm: trainer.previousNorm ?? null,
    ema: options.ema ?? null,
    seed: options.seed,
    settings: settingsOf(options),
  };
}
