/** How a step's gradients are used; the two modes `collect` and `sink` have this in common. */
import type { Parameter, Sink } from '@dr2net/ops';
import type { Scalar } from '@tensorflow/tfjs-core';

/** What an optimizer step is told. */
export interface StepUse {
  readonly learningRate: number;
  /** Gradients of other parameters are freed unused (the backbone's, while it is frozen). */
  accepts(parameter: Parameter): boolean;
}

/** How a step's gradients are used. */
export interface GradientUse {
  /** Begins an optimizer step. */
  begin(step: StepUse): void;
  readonly sink: Sink;
  /** The gradients' global norm before clipping, owned by the caller; undefined where nothing is clipped. */
  norm(): Scalar | undefined;
  /** Ends the step: updates what has not been updated yet. */
  apply(): void;
  /** Frees the gradients at hand without using them. */
  abandon(): void;
}
