/** What a detector found, from its outputs: classes, scores and boxes in the pixels of the original. */
import { logSumExp } from '@dr2net/models';
import type { ImageSize } from '../boxes/formats.ts';
import { nms } from '../boxes/nms.ts';
import { boxesToImage } from '../image/placement.ts';
import { sigmoid } from '../losses/activations.ts';
import { type Classification, channelsOf, type DetectionOutputs } from '../matching/contract.ts';
import type { CocoDetection } from '../metrics/coco/format.ts';
import type { DetectionBatch } from '../source/batch.ts';

/** One object that was found. */
export interface FoundObject {
  /** Index of the class. */
  readonly label: number;
  /** Probability of the class, 0 … 1. */
  readonly score: number;
  /** Left and upper edge, right and lower edge, in pixels of the original, clipped to it. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

/** What was found in one image. */
export interface FoundInImage {
  /** The image's name. */
  readonly id: string;
  readonly imageId: number;
  /** By falling score. */
  readonly objects: readonly FoundObject[];
}

/** What is told of all that was found. */
export interface FoundFilter {
  /** Objects of a lower score are left out; default 0. */
  readonly threshold?: number;
  /**
   * Of objects of one class that overlap by more than this intersection over union, 0 … 1, the one of the highest score is told. Default: all
   * are, as matched queries need none of it (DETR, arXiv 2005.12872); after a short training several may stand for one object.
   */
  readonly nms?: number;
}

/** Which query a box is of, and what it is called. */
interface Candidate {
  readonly query: number;
  readonly label: number;
  readonly score: number;
}

/** Softmax: of each query the most probable class that is not "no object", the last one. */
function bestClasses(logits: ArrayLike<number>, from: number, queries: number, classes: number): Candidate[] {
  return Array.from({ length: queries }, (_, query) => {
    const row = Array.from({ length: classes + 1 }, (_, k) => logits[from + query * (classes + 1) + k] as number);
    let label = 0;
    for (let k = 1; k < classes; k++) if ((row[k] as number) > (row[label] as number)) label = k;
    return { query, label, score: Math.exp((row[label] as number) - logSumExp(row)) };
  });
}

/**
 * A sigmoid a class: the best pairs of a query and a class, as many as queries, so that a query may stand for objects of two classes
 * (Deformable DETR, arXiv 2010.04159, whose 300 queries give 100 pairs).
 */
function bestPairs(logits: ArrayLike<number>, from: number, queries: number, classes: number): Candidate[] {
  const pairs = Array.from({ length: queries * classes }, (_, i) => ({
    query: Math.floor(i / classes),
    label: i % classes,
    score: sigmoid(logits[from + i] as number),
  }));
  return pairs.sort((a, b) => b.score - a.score).slice(0, queries);
}

function withoutDuplicates(objects: readonly FoundObject[], threshold: number | undefined): readonly FoundObject[] {
  if (threshold === undefined) return objects;
  const boxes = objects.flatMap(({ box }) => box);
  const scores = objects.map(({ score }) => score);
  const labels = objects.map(({ label }) => label);
  return Array.from(nms(boxes, scores, { threshold, labels }), (i) => objects[i] as FoundObject);
}

/**
 * @param frames what boxes are shares of, image by image
 * @throws RangeError for a filter that cannot be
 */
export function foundObjects(
  { queries, logits, boxes }: DetectionOutputs,
  batch: DetectionBatch,
  frames: readonly ImageSize[],
  classification: Classification,
  { threshold = 0, nms: overlap }: FoundFilter = {},
): FoundInImage[] {
  const candidates = classification.kind === 'softmax' ? bestClasses : bestPairs;
  const channels = channelsOf(classification);
  return batch.images.map(({ id, imageId }, i) => {
    const own = Float64Array.from({ length: 4 * queries }, (_, k) => boxes[4 * i * queries + k] as number);
    const corners = boxesToImage(own, frames[i]!, batch.placements[i]!, batch.originals[i]!);
    const objects = candidates(logits, i * queries * channels, queries, classification.classes)
      .filter(({ score }) => score >= threshold)
      .sort((a, b) => b.score - a.score)
      .map(({ query, label, score }): FoundObject => {
        const [x1, y1, x2, y2] = corners.subarray(4 * query, 4 * query + 4) as unknown as FoundObject['box'];
        return { label, score, box: [x1, y1, x2, y2] };
      });
    return { id, imageId, objects: withoutDuplicates(objects, overlap) };
  });
}

/** COCO's results. @param categoryIds COCO's id of each class */
export function cocoDetections(found: readonly FoundInImage[], categoryIds: readonly number[]): CocoDetection[] {
  return found.flatMap(({ imageId, objects }) =>
    objects.map(({ label, score, box: [x1, y1, x2, y2] }) => ({
      image_id: imageId,
      category_id: categoryIds[label] as number,
      bbox: [x1, y1, x2 - x1, y2 - y1] as const,
      score,
    })),
  );
}
