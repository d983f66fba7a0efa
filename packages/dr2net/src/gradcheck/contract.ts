/** What a gradient check asks of its subject, a network with an input: one pass by a method, and what is known of the states. */
import type { Coefficients, ExactScale, HeadRead, Method, RunChecks, RunReport } from '@dr2net/core';
import type { SavedTraining } from '@dr2net/models';
import type { HostTensor } from './compare.ts';

export interface PassOptions {
  readonly method: Method;
  readonly coefficients: Coefficients;
  readonly read: HeadRead;
  /** `RunOptions.scale` of each reversible run by number. */
  readonly scaleOf?: (run: number) => ExactScale;
}

/** A sub-block of a run by number, or what stands behind the run. */
export type Reader = number | 'head';

/** What was read, of each run by number. */
export type Readings = readonly ReadonlyMap<Reader, HostTensor>[];

export interface Pass {
  readonly loss: number;
  /** As the reference implementation has them: channels first. */
  readonly logits: HostTensor;
  /** What else the network gives, by the name that it is saved under. */
  readonly outputs?: ReadonlyMap<string, HostTensor>;
  /** By checkpoint key; the input's as its key in `--input`. Absent where the method gives none. */
  readonly gradients: ReadonlyMap<string, HostTensor>;
  /** One a reversible run. */
  readonly reports: readonly RunReport[];
  /** What each run's own checks found. */
  readonly checks: readonly RunChecks[];
  /** What was read, where the network is not smooth (ReLUs, maxima, choices of the best). */
  readonly readings?: Readings;
  /** In a second pass: how far what would have been read is from that, relative to its largest magnitude. */
  readonly readingDifference?: number;
}

export interface CheckSubject {
  readonly samples: number;
  /** How it was trained before, where its folder says so. */
  readonly training: SavedTraining | null;
  /** Tensors of the model that nothing reads (a mask token): their gradient is 0. */
  readonly unread: ReadonlyMap<string, HostTensor>;
  /** Tensors whose true gradient is 0, beside biases of keys: what a norm right behind takes out. */
  readonly cancelled?: ReadonlySet<string>;
  /**
   * @param other where the network is not smooth, the pass reads there what this one has read: a value that rounding moves over 0, or past
   * another, changes gradients though both are right. Loss and logits stay the pass's own
   * @throws the errors of the run, and of its checks (a state out of range, a rebuilt state that differs)
   */
  pass(options: PassOptions, other?: Pass): Promise<Pass>;
  /** x_n and x_{n−1}; null where there are several runs, each with its own. */
  lastStates(options: PassOptions): Promise<HostTensor[] | null>;
  dispose(): void;
}
