/** A network whose memory is measured, for want of a dry model of it. */
import type { Coefficients } from '@dr2net/core';
import type { PlanWords } from '@dr2net/memory';
import type { TooLarge, Trial, TrialOptions } from '@dr2net/train';
import type { Choice, ShapeOptions } from './candidates.ts';

/** What of a trial does not depend on what may be chosen. */
export type TrialSetting = Pick<TrialOptions, 'optimizer' | 'ema' | 'seed' | 'signal' | 'backend'> & {
  /** As it is for an update. */
  readonly clip?: (update: Choice['update']) => TrialOptions['clip'];
};

export interface Trials {
  readonly words: PlanWords;
  /** Tries a step on a batch as heavy as any of the data; what a step changes is afterwards as it was. */
  try(batch: number, options: TrialOptions): Promise<Trial | TooLarge>;
}

/** What may be chosen, and how it is tried. */
export interface TrialRun extends ShapeOptions, TrialSetting {
  readonly coefficients: Coefficients;
  /** Only this method, if one is given. */
  readonly method?: Choice['method'];
}
