/** What a finetuning run tells while it goes, one event after the other. */
import type { MethodName } from '@dr2net/core';
import type { MemoryReport } from '@dr2net/memory';

/** One optimizer step. */
export interface StepEvent {
  readonly type: 'step';
  /** Steps done, this one included: 1 … total. */
  readonly step: number;
  readonly total: number;
  /** 1-based. */
  readonly epoch: number;
  /** Mean over the step's samples. */
  readonly loss: number;
  /**
   * Fraction of the step's labels, of samples or of points, that have the largest logit; labels that are no class (255) do not count. Absent
   * where the output is no logits, or no label counts.
   */
  readonly accuracy?: number;
  /** Coefficients that were used (`exact`: the nearest on its grid). */
  readonly alpha: number;
  readonly beta: number;
  /** Method that was used: `frozen` and `conventional` stand in during warm-up. */
  readonly method: MethodName;
  /** Of the top layer. */
  readonly learningRate: number;
  /** Global norm of the gradients before clipping; absent without clipping by a global norm. */
  readonly gradientNorm?: number;
  /** State pairs kept besides the last (`reversible`), over all runs of the model. */
  readonly anchors?: number;
  /** The worst rebuilt-against-stored error of a state (`reversible`), relative. */
  readonly anchorError?: number;
  /**
   * The relative error that rebuilding added to the gradients, estimated from what was measured (`reversible` under a finite tolerance).
   * Above the tolerance the step counts, a warning says so once, and with anchors `auto` the next step has more.
   */
  readonly gradientError?: number;
  /** `exact` with `verify`: whether the rebuilt input is the stored one bit for bit. */
  readonly identical?: boolean;
  /**
   * Where the schedule looked before this step (`adaptive`): ‖Δ‖₂/‖y‖₂ of the network's output on the step's first batch, between the
   * coefficients of the step before and those that were proposed.
   */
  readonly outputChange?: number;
  /** Of the whole step; peak bytes, by phase, with a timeline. */
  readonly memory: MemoryReport;
  readonly samples: number;
  readonly samplesPerSecond: number;
  readonly seconds: number;
  /** Estimate for the rest of the run, evaluations aside. */
  readonly secondsLeft: number;
}

/** A whole evaluation source was measured. */
export interface EvaluationEvent<Evaluation> {
  readonly type: 'evaluation';
  readonly step: number;
  /** 1-based: the epoch that has just ended, or in which the run ends. */
  readonly epoch: number;
  readonly evaluation: Evaluation;
  /** Whether the averaged weights were measured (option `ema`). */
  readonly averaged: boolean;
  readonly seconds: number;
}

/** A checkpoint was written. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
}

/** Something the user should know; each is told once. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly step: number;
  readonly message: string;
}

/** The last event. */
export interface EndEvent {
  readonly type: 'end';
  /** `aborted`: by the signal; what is done is in the checkpoint, if there is one. */
  readonly reason: 'finished' | 'aborted';
  readonly step: number;
  /** 1-based: the epoch that has just ended, or in which the run ends. */
  readonly epoch: number;
}

/** What {@link finetune} yields, told by its `type`. */
export type FinetuneEvent<Evaluation> =
  | StepEvent
  | EvaluationEvent<Evaluation>
  | CheckpointEvent
  | WarningEvent
  | EndEvent;
