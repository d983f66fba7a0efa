/** A data set of images with boxes: one contract, whatever format it was read from. */
import type { ImageFile } from '../files/files.ts';
import type { CocoSegmentation } from '../metrics/coco/format.ts';

/** An object in an image. */
export interface DetectionBox {
  /** Left and upper edge in pixels; 0 is the image's edge, not the middle of its first pixel. */
  readonly x: number;
  readonly y: number;
  /** In pixels, above 0; the box is within the image. */
  readonly width: number;
  readonly height: number;
  /** Index of the class. */
  readonly label: number;
  /** A group under one box (COCO's `iscrowd`): not trained on, and neither right nor wrong in evaluation. */
  readonly crowd: boolean;
  /** Unique in its data set: COCO's annotation id, else a running number from 1. */
  readonly id: number;
  /** Of the object in square pixels, where the data set says it. */
  readonly area?: number;
  /** VOC: trained on, but neither right nor wrong in evaluation. */
  readonly difficult?: boolean;
  /** VOC: part of the object is outside of the image. */
  readonly truncated?: boolean;
  readonly segmentation?: CocoSegmentation;
}

/** An image of a data set with its objects. */
export interface DetectionImage {
  /** What messages call it: its path. Unique in its data set. */
  readonly id: string;
  /** COCO's image id, else a running number from 1. */
  readonly imageId: number;
  readonly file: ImageFile;
  /** In pixels, of the picture that the boxes are in; absent where no annotation says it. */
  readonly width?: number;
  readonly height?: number;
  readonly boxes: readonly DetectionBox[];
}

/** A box that was left out. */
export interface DroppedBox {
  readonly image: string;
  /** Where its annotation stands. */
  readonly annotation: string;
  readonly reason: 'no area' | 'outside' | 'unusable';
}

/** Images with boxes, whatever format they were read from. */
export interface DetectionDataset {
  readonly classes: readonly string[];
  /** COCO's id of each class, for results; 1 … n where the data set has none. */
  readonly categoryIds: readonly number[];
  readonly images: readonly DetectionImage[];
  readonly dropped: readonly DroppedBox[];
  /** What a person should know of how the data set was read. */
  readonly notes: readonly string[];
}
