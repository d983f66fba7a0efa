/** What the page of the point clouds and its worker say to one another. */
import type { ModelAsk, ModelTold } from '../model-protocol.ts';

export type Ask =
  | ModelAsk
  /** A drawn room. */
  | { readonly type: 'room'; readonly seed: number };

export interface SegmentedCloud {
  readonly id: string;
  /** [points, 3] */
  readonly positions: Float32Array;
  /** [points, 3]: red, green, blue, 0 … 255; null where the file has none. */
  readonly colours: Uint8Array | null;
  /** [points]: class indices, 255 where not counted; null where nothing is known. */
  readonly truth: Uint8Array | null;
  readonly predicted: Uint8Array;
  readonly classes: readonly string[];
  /** Of each class, null where it does not occur, and their mean; absent without truth. */
  readonly iou?: readonly (number | null)[];
  readonly meanIou?: number;
  readonly seconds: number;
  /** What a reader should know of how the file was read. */
  readonly notes: readonly string[];
}

export type Answer =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'cloud'; readonly cloud: SegmentedCloud };

export type Told = ModelTold | Answer;
