/** What matching and losses compare: a detector's outputs for a batch, and the objects that are in its images. */
import type { Boxes } from '../boxes/formats.ts';

/** Of one decoder layer (or of the encoder's proposals), read back from the backend. */
export interface DetectionOutputs {
  readonly batch: number;
  readonly queries: number;
  /** [batch, queries, channels]; how many channels, {@link Classification} says. */
  readonly logits: ArrayLike<number>;
  /** [batch, queries, 4] as [cx, cy, w, h], fractions of the image. */
  readonly boxes: Boxes;
}

/** The objects of one image. */
export interface DetectionTargets {
  /** Class of each object [objects], 0 … classes − 1. */
  readonly labels: ArrayLike<number>;
  /** [objects, 4] as [cx, cy, w, h], fractions of the image. */
  readonly boxes: Boxes;
}

/** How classes are read from the logits. */
export type Classification =
  | {
      /** DETR, YOLOS: softmax over classes + 1 channels, the last one for 'no object'. */
      readonly kind: 'softmax';
      readonly classes: number;
      /** Weight of queries without an object; default 0.1. */
      readonly noObject?: number;
    }
  | {
      /** Deformable DETR, DINO: a sigmoid a class and the focal loss. */
      readonly kind: 'focal';
      readonly classes: number;
      /** Weight of 'is this class' against 'is not', 0 … 1; default 0.25. */
      readonly alpha?: number;
      /** How fast sure answers lose weight, 0 or more; default 2. */
      readonly gamma?: number;
    };

/** Weights of the three terms, of a matching cost or of a loss. */
export interface TermWeights {
  readonly class: number;
  readonly l1: number;
  readonly giou: number;
}

/** Which query stands for which object of an image; by rising query. */
export interface Match {
  readonly queries: Int32Array;
  readonly targets: Int32Array;
}

export const channelsOf = ({ kind, classes }: Classification) => (kind === 'softmax' ? classes + 1 : classes);

function checkFinite(values: ArrayLike<number>, width: number, queries: number, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) {
      const query = Math.floor(i / width);
      throw new RangeError(
        `Image ${Math.floor(query / queries)} of the batch, query ${query % queries}: ${what} ${i % width} is ` +
          `${values[i]}. Training has diverged, or its input is not finite: lower the learning rate.`,
      );
    }
}

/** @throws RangeError where sizes disagree, or an output is NaN or infinite */
export function checkOutputs(outputs: DetectionOutputs, classification: Classification): void {
  const { batch, queries, logits, boxes } = outputs;
  const channels = channelsOf(classification);
  if (logits.length !== batch * queries * channels)
    throw new RangeError(
      `${logits.length} logits; ${batch} images × ${queries} queries × ${channels} channels (${classification.kind}, ` +
        `${classification.classes} classes) are ${batch * queries * channels}.`,
    );
  if (boxes.length !== batch * queries * 4)
    throw new RangeError(`${boxes.length} numbers of boxes; ${batch} images × ${queries} queries have 4 a query.`);
  checkFinite(logits, channels, queries, 'logit');
  checkFinite(boxes, 4, queries, 'box coordinate');
}

/** @throws RangeError naming image and object where a label is no class, a box is not finite or reversed, or a list is missing */
export function checkTargets(targets: readonly DetectionTargets[], batch: number, classes: number): void {
  if (targets.length !== batch)
    throw new RangeError(`Objects of ${targets.length} images for a batch of ${batch}; give one list an image.`);
  for (const [image, { labels, boxes }] of targets.entries()) {
    if (boxes.length !== 4 * labels.length)
      throw new RangeError(
        `Image ${image} of the batch: ${labels.length} labels, but ${boxes.length} numbers of boxes.`,
      );
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number;
      const where = `Image ${image} of the batch, object ${i}`;
      if (!(Number.isInteger(label) && label >= 0 && label < classes))
        throw new RangeError(`${where}: its label is ${label}; classes are 0 … ${classes - 1}.`);
      const box = [0, 1, 2, 3].map((k) => boxes[4 * i + k] as number);
      if (!(box.every(Number.isFinite) && (box[2] as number) >= 0 && (box[3] as number) >= 0))
        throw new RangeError(
          `${where}: its box [cx, cy, w, h] is [${box.join(', ')}]; it must be finite, w and h ≥ 0.`,
        );
    }
  }
}
