/** What every page of a trained model and its worker say to one another. */
import type { Failure } from './serve.ts';
import type { UserFile } from './user-file.ts';

export type ModelAsk =
  | { readonly type: 'open'; readonly backend: string }
  /** What is looked at, a model, or both. */
  | { readonly type: 'files'; readonly files: readonly UserFile[] }
  /** The page's model again. */
  | { readonly type: 'embedded' };

export type ModelTold =
  | { readonly type: 'opened'; readonly backend: string; readonly note?: string }
  | { readonly type: 'model'; readonly own: boolean; readonly words: string }
  | Failure;
