/** What goes into a Deformable DETR or DINO, what comes out, and the pullback. */
import type { RunReport } from '@dr2net/core';
import type { Context, Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { RunsOptions } from '../runs.ts';

/**
 * Noised objects that the first queries begin at (DINO, arXiv 2203.03605, section 3.3): contents by their class, positions by their box.
 * Queries of a group see each other and the matching queries, which see none of them.
 */
export interface DenoisingQueries {
  /** In every image; groups × the size of a group. */
  readonly count: number;
  /** One after the other, of the same size. */
  readonly groups: number;
  /** [batch × count], the class of each; of padding 0. */
  readonly labels: Int32Array;
  /** `[batch × count × 4]`: centre x, centre y, width, height, as shares; where width and height are 0 it is padding, which no other query sees. */
  readonly boxes: Float32Array;
}

/** Pictures of a batch with their padding; all tensors borrowed. */
export interface DinoInput {
  /** [batch, height, width, channels], normalised; height and width multiples of the patch. Borrowed until the pullback has run. */
  readonly pixels: Tensor;
  /** [height, width] in pixels of each image, from its upper left corner; what is beside and below is padding. Default: all. */
  readonly valid?: readonly (readonly [height: number, width: number])[];
  /** Default: none. */
  readonly denoising?: DenoisingQueries;
}

/** Owned by whoever called. */
export interface DinoLayer {
  /** [batch, queries, classes], before a sigmoid of each; there is no class "no object". */
  readonly logits: Tensor;
  /** `[batch, queries, 4]`: centre x, centre y, width, height, as shares of the image without its padding. */
  readonly boxes: Tensor;
}

/**
 * `scaleOf`, `anchorsOf` and `onRead` are asked by the run's number: the stages of the backbone that are gone through, the encoder, the layers of the
 * decoder. Under `frozen` the backbone gets no gradient and keeps nothing; all behind it is new with a new detector, and learns, by
 * `checkpoint`, which takes any (α, β).
 */
export interface DinoRunOptions extends RunsOptions {
  readonly context: Context;
}

export interface TraceDinoOptions extends DinoRunOptions {
  /** Whether the gradient of the pixels is wanted. Default false. */
  readonly pixelGradient?: boolean;
}

/** Gradients, borrowed; of each layer's boxes as they are, after the sigmoid. */
export interface DinoGradient {
  readonly layers: readonly DinoLayer[];
  /** null where there are no proposals, or where they have no loss. */
  readonly proposals: DinoLayer | null;
}

export interface DinoPullback {
  /**
   * Gives the gradient of the pixels, owned by the caller, or null where it was not wanted (or `frozen`).
   * @throws RangeError where there are not as many gradients as layers
   */
  (gradient: DinoGradient, sink: Sink): Tensor | null;
  dispose(): void;
}

/** A Deformable DETR or DINO that has run forward; its tensors are the caller's. */
export interface TracedDino {
  /** One a decoder layer; in each the denoising queries come first. */
  readonly layers: readonly DinoLayer[];
  /** Those of the encoder's proposals that queries began at, the best first; null without two stages. */
  readonly proposals: DinoLayer | null;
  readonly pullback: DinoPullback;
  /** One a run. */
  readonly reports: readonly RunReport[];
}
