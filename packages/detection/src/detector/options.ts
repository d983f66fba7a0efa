/** What a detector is made of, where the caller does not say. */
import type { Coefficients, HeadRead, Method } from '@dr2net/core';
import type { DenoisingOptions } from '../denoising/options.ts';
import type { TermWeights } from '../matching/contract.ts';

/** What a detector is made of, where the network does not say. */
export interface DetectionOptions {
  /** Names of the classes, in the order of the logits. Default: those saved with the model. */
  readonly classes?: readonly string[];
  /** Weights of the terms of the loss. Default YOLOS and DINO 1, 5, 2, Deformable DETR 2, 5, 2, as published. */
  readonly weights?: TermWeights;
  /** Weights of the terms of the matching cost. Default YOLOS 1, 5, 2 (DETR); Deformable DETR and DINO 2, 5, 2. */
  readonly cost?: TermWeights;
  /** YOLOS: weight of detection tokens that stand for no object in the class term, 0 or more. Default 0.1 (DETR, arXiv 2005.12872). */
  readonly noObject?: number;
  /** Deformable DETR and DINO: the focal loss. Default α 0.25, γ 2. */
  readonly focal?: { readonly alpha?: number; readonly gamma?: number };
  /** Deformable DETR and DINO: noised objects that are to be found again; false for none. Default: those of DINO; none where the configuration has none. */
  readonly denoising?: DenoisingOptions | false;
  /**
   * Deformable DETR and DINO: the canvas that the detector is for, [height, width] in pixels, multiples of its patches. It takes others,
   * too; this one is saved with it. Default: as saved, else 800 × 1344.
   */
  readonly size?: readonly [height: number, width: number];
  /**
   * α and β. Default: those that the model was trained with, else (63/64, 1/64) for a new one, and (1, 0), the pretrained network itself,
   * for one that others trained.
   */
  readonly coefficients?: Coefficients;
  /** Default: that of the model, else `exact` for a new one and `conventional` for one that others trained. */
  readonly method?: Method;
  /** What the norm reads of the last two states. Default: as the model, else `last`. */
  readonly read?: HeadRead;
}

/** @throws RangeError naming the first option that the network does not have */
export function refuseOptions(
  network: string,
  options: DetectionOptions,
  names: readonly (keyof DetectionOptions)[],
): void {
  for (const name of names)
    if (options[name] !== undefined) throw new RangeError(`${name} is not an option of ${network}. Leave it out.`);
}
