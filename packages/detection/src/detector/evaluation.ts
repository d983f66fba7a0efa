/** What a detection is worth: COCO's numbers over all images of a source, and of each class. */
import { cocoTruths } from '../dataset/coco-truths.ts';
import type { DetectionImage } from '../dataset/contract.ts';
import type { SetLossMean } from '../losses/mean.ts';
import type { LayerLoss } from '../losses/set.ts';
import { type CocoEvaluation, evaluateCoco } from '../metrics/coco/evaluate.ts';
import type { DetectionBatch } from '../source/batch.ts';
import { cocoDetections, type FoundInImage } from './found.ts';

/** COCO's figures of a detector over a whole source, and its loss. */
export interface DetectionEvaluation extends CocoEvaluation {
  /** Set loss of the final classes and boxes, as if all images were one batch. */
  readonly loss: number;
  readonly images: number;
  readonly labels: readonly string[];
  /** What was found, image by image, as a contact sheet shows it. */
  readonly found: readonly FoundInImage[];
}

/** Gathers what was found, batch by batch. */
export class Evaluating {
  readonly #images: DetectionImage[] = [];
  readonly #found: FoundInImage[] = [];

  constructor(
    private readonly labels: readonly string[],
    private readonly loss: SetLossMean,
  ) {}

  /** @param queries of an image */
  add(
    { images, originals, size }: DetectionBatch,
    found: readonly FoundInImage[],
    loss: LayerLoss,
    queries: number,
  ): void {
    this.#images.push(...images.map((image, i) => ({ ...image, ...originals[i] })));
    this.#found.push(...found);
    this.loss.add(loss, size * queries);
  }

  /** Class indices stand for category ids, from 1 on. */
  result(): DetectionEvaluation {
    const categoryIds = this.labels.map((_, k) => k + 1);
    const dataset = { classes: this.labels, categoryIds, images: this.#images, dropped: [], notes: [] };
    return {
      ...evaluateCoco(cocoTruths(dataset), cocoDetections(this.#found, categoryIds), 'bbox'),
      loss: this.loss.value,
      images: this.#images.length,
      labels: this.labels,
      found: this.#found,
    };
  }
}
