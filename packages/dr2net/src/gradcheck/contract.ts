/** What a gradient check asks of its subject, a network with an input: one pass by a method, and what is known of the states. */
import type { Coefficients, ExactScale, HeadRead, Method, RunReport } from '@dr2net/core';
import type { SavedTraining } from '@dr2net/models';
import type { HostTensor } from './compare.ts';

export interface PassOptions {
  readonly method: Method;
  readonly coefficients: Coefficients;
  readonly read: HeadRead;
  readonly scale?: ExactScale;
}

export interface Pass {
  readonly loss: number;
  /** As the reference implementation has them: channels first. */
  readonly logits: HostTensor;
  /** What else the network gives, by the name that it is saved under. */
  readonly outputs?: ReadonlyMap<string, HostTensor>;
  /** By checkpoint key; the input's as its key in `--input`. Absent where the method gives none. */
  readonly gradients: ReadonlyMap<string, HostTensor>;
  readonly report: RunReport;
  /** What stands above the run has read, where that is not smooth (ReLUs, maxima). */
  readonly output?: HostTensor;
  /** What the run's own checks found. */
  readonly check: Awaited<ReturnType<RunReport['check']>>;
}

export interface CheckSubject {
  readonly samples: number;
  /** How it was trained before, where its folder says so. */
  readonly training: SavedTraining | null;
  /** Tensors of the model that nothing reads (a mask token): their gradient is 0. */
  readonly unread: ReadonlyMap<string, HostTensor>;
  /**
   * @param other where what stands above the run is not smooth, the pass reads there what this one has read: a value that rounding moves over
   * 0 changes gradients though both are right. Loss and logits stay the pass's own
   * @throws the errors of the run, and of its checks (a state out of range, a rebuilt state that differs)
   */
  pass(options: PassOptions, other?: Pass): Promise<Pass>;
  /** The largest magnitude among the states. */
  range(options: PassOptions): Promise<number>;
  /** x_n and x_{n−1}. */
  lastStates(options: PassOptions): Promise<HostTensor[]>;
  dispose(): void;
}
