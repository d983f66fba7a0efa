/** What a page and its worker say to each other. */
import type { Case, Found, LargestSettings, Measurement } from 'bench-core';
import type { Proof, ProofOrder } from 'bench-core/prove';

/** What a worker can be asked: one thing, and it ends with its answer. */
export interface Jobs {
  readonly case: { readonly order: Case; readonly answer: Measurement };
  /** The largest by prediction. */
  readonly find: { readonly order: LargestSettings; readonly answer: Found };
  readonly prove: { readonly order: ProofOrder; readonly answer: Proof };
}

export type JobName = keyof Jobs;

export interface Order<Name extends JobName = JobName> {
  readonly job: Name;
  readonly order: Jobs[Name]['order'];
}

export type Answer<Name extends JobName = JobName> =
  | { readonly type: 'progress'; readonly what: string; readonly done: number; readonly of: number }
  | { readonly type: 'answer'; readonly answer: Jobs[Name]['answer'] }
  | { readonly type: 'error'; readonly message: string };
