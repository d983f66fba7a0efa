/** What a page and its worker say to each other. */
import type { Case, Measurement } from 'bench-core';

/** To the worker: one case, and it ends with its answer. */
export interface Order {
  readonly case: Case;
}

export type Answer =
  | { readonly type: 'progress'; readonly what: string; readonly done: number; readonly of: number }
  | { readonly type: 'measurement'; readonly measurement: Measurement }
  | { readonly type: 'error'; readonly message: string };
