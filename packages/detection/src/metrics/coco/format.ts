/** COCO's JSON, as far as evaluation reads it: true objects of images, and detections ('results'). */

/** [x, y, width, height] in pixels. */
export type CocoBox = readonly [number, number, number, number];

/** A mask: polygons [x, y, x, y, …] in pixels, or run lengths, compressed (a string) or not (counts). */
export type CocoSegmentation =
  | readonly (readonly number[])[]
  | { readonly size: readonly [height: number, width: number]; readonly counts: string | readonly number[] };

/** An image, as COCO's JSON has it. */
export interface CocoImage {
  readonly id: number;
  /** In pixels; needed where masks are polygons. */
  readonly width?: number;
  readonly height?: number;
}

/** A category, as COCO's JSON has it. */
export interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

/** A true object, as COCO's JSON has it. */
export interface CocoAnnotation {
  /** Unique. */
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: CocoBox;
  /** Of the object in square pixels, which decides its size class; default the mask's or the box's. */
  readonly area?: number;
  /** 1 (or true) where it is a group: detections inside are neither right nor wrong. */
  readonly iscrowd?: number | boolean;
  readonly segmentation?: CocoSegmentation;
}

/** A file of annotations (`instances_*.json`). */
export interface CocoTruths {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

/** One line of a file of results. */
export interface CocoDetection {
  readonly image_id: number;
  readonly category_id: number;
  readonly score: number;
  /** Needed where boxes are evaluated. */
  readonly bbox?: CocoBox;
  /** Needed where masks are evaluated. */
  readonly segmentation?: CocoSegmentation;
}

/** What is evaluated: boxes or masks. */
export type CocoKind = 'bbox' | 'segm';
