/** What the page of the boxes and its worker say to one another. */
import type { UserFile } from '../user-file.ts';

export type Ask =
  | { readonly type: 'open'; readonly backend: string }
  /** The next of the reader's images, or a drawn picture where there are none. */
  | { readonly type: 'another' }
  /** Images, a model, or both. */
  | { readonly type: 'files'; readonly files: readonly UserFile[] }
  /** The page's model and drawn pictures again. */
  | { readonly type: 'embedded' };

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
  /** In pixels, upright. */
  readonly width: number;
  readonly height: number;
  readonly classes: readonly string[];
  /** By falling score, the least probable left out. */
  readonly found: readonly Found[];
  /** Null where nothing is known. */
  readonly truth: readonly Truth[] | null;
  /** Average precision at an overlap of 0.5, over this picture; null without truth. */
  readonly ap50: number | null;
  readonly seconds: number;
}

export type Told =
  | { readonly type: 'opened'; readonly backend: string; readonly note?: string }
  | { readonly type: 'model'; readonly own: boolean; readonly words: string }
  | { readonly type: 'picture'; readonly picture: DetectedPicture }
  | { readonly type: 'error'; readonly message: string; readonly lost: boolean };
