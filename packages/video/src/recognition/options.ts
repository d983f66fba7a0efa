/** What a recognizer is made of, where the caller does not say. */
import type { Coefficients, HeadRead, Method } from '@dr2net/core';
import type { Pooling } from '@dr2net/models';
import type { ClipForm } from './clip-form.ts';
import type { ViewAverage } from './views.ts';

/** What a recognizer is made of, where the backbone does not say. */
export interface RecognizerOptions {
  /** Names of the classes, in the order of the head's outputs. Default: those of the checkpoint's head. */
  readonly classes?: readonly string[];
  /**
   * `checkpoint`: the checkpoint's own head, which must have these classes; `new`: random weights. Default: the
   * checkpoint's where it has one.
   */
  readonly head?: 'checkpoint' | 'new';
  /** What a new head reads of the tokens. Default: as the architecture is published; `mean` is usual for video. */
  readonly pooling?: Pooling;
  /** Seed of a new head's weights, 32-bit unsigned. Default 0. */
  readonly seed?: number;
  /** Share of features that are dropped before the linear layer in training, within [0, 1). Default 0. */
  readonly dropout?: number;
  /** Share of the target that is spread over all classes in training, within [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /**
   * α and β. Default: those that the checkpoint was trained with, else (63/64, 1/64) under a new head, and (1, 0), the
   * pretrained network itself, under the checkpoint's own.
   */
  readonly coefficients?: Coefficients;
  /** Default: that of the checkpoint, else `exact` under a new head and `conventional` under the checkpoint's own. */
  readonly method?: Method;
  /** What the head reads of the last two states. Default: as the checkpoint, else `last`. */
  readonly read?: HeadRead;
  /** How clips are made its input; only saved and told (`model.clips`), for who reads them. Default: as the checkpoint says. */
  readonly clips?: ClipForm;
  /** What is averaged over several views of a clip in evaluation. Default `probability`. */
  readonly viewAverage?: ViewAverage;
}

/** @throws RangeError for a share outside [0, 1) */
export function checkShare(value: number, what: string): number {
  if (!(value >= 0 && value < 1)) throw new RangeError(`${what} is ${value}; it must be at least 0 and below 1.`);
  return value;
}
