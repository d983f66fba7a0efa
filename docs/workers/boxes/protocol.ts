/** What the page of the boxes and its worker say to one another. */
import type { ModelAsk, ModelTold } from '../model-protocol.ts';

export type Ask =
  | ModelAsk
  /** The next of the reader's images, or a drawn picture where there are none. */
  | { readonly type: 'another' };

/** Left and upper edge, right and lower edge, in pixels of the picture. */
export type Corners = readonly [x1: number, y1: number, x2: number, y2: number];

export interface Truth {
  readonly label: number;
  readonly box: Corners;
}

export interface Found extends Truth {
  /** 0 … 1. */
  readonly score: number;
}

export interface DetectedPicture {
  readonly id: string;
  readonly file: Blob;
  /** The reader's. */
  readonly own: boolean;
  /** In pixels, upright. */
  readonly width: number;
  readonly height: number;
  readonly classes: readonly string[];
  /** By falling score, the least probable left out. */
  readonly found: readonly Found[];
  /** Null where nothing is known. */
  readonly truth: readonly Truth[] | null;
  readonly seconds: number;
}

export interface Answer {
  readonly type: 'picture';
  readonly picture: DetectedPicture;
}

export type Told = ModelTold | Answer;
