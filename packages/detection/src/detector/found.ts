/** What a detector found, from its outputs: a class, a score and a box for each detection token, in the pixels of the original. */
import { logSumExp } from '@dr2net/models';
import { boxesToImage } from '../image/placement.ts';
import type { DetectionOutputs } from '../matching/contract.ts';
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

export interface FoundInImage {
  /** The image's name. */
  readonly id: string;
  readonly imageId: number;
  /** By falling score. */
  readonly objects: readonly FoundObject[];
}

/** The most probable class of a token that is not "no object", the last one. */
function bestClass(logits: ArrayLike<number>, from: number, classes: number): { label: number; score: number } {
  const row = Array.from({ length: classes + 1 }, (_, k) => logits[from + k] as number);
  const total = logSumExp(row);
  let label = 0;
  for (let k = 1; k < classes; k++) if ((row[k] as number) > (row[label] as number)) label = k;
  return { label, score: Math.exp((row[label] as number) - total) };
}

/**
 * @param threshold objects of a lower score are left out
 */
export function foundObjects(
  { queries, logits, boxes }: DetectionOutputs,
  batch: DetectionBatch,
  classes: number,
  threshold = 0,
): FoundInImage[] {
  return batch.images.map(({ id, imageId }, i) => {
    const own = Float64Array.from({ length: 4 * queries }, (_, k) => boxes[4 * i * queries + k] as number);
    const corners = boxesToImage(own, batch.canvas, batch.placements[i]!, batch.originals[i]!);
    const objects = Array.from({ length: queries }, (_, query): FoundObject => {
      const [x1, y1, x2, y2] = corners.subarray(4 * query, 4 * query + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      return { ...bestClass(logits, (i * queries + query) * (classes + 1), classes), box: [x1, y1, x2, y2] };
    });
    return {
      id,
      imageId,
      objects: objects.filter(({ score }) => score >= threshold).sort((a, b) => b.score - a.score),
    };
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
