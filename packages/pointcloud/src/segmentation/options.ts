/** What a segmentation is made of, where the caller does not say. */
import type { Coefficients, HeadRead, Method } from '@dr2net/core';
import type { VoteKind } from '../inference/votes.ts';
import type { SavedCloudForm } from './cloud-form.ts';

/** What a segmentation is made of, where the segmenter does not say. */
export interface SegmentationOptions {
  /** Names of the classes, in the order of the logits. Default: those saved with the model. */
  readonly classes?: readonly string[];
  /** Share of the target that is spread over all classes in training, within [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** What a point of each class weighs in the training loss. Default 1 each. */
  readonly classWeights?: readonly number[];
  /**
   * α and β. Default: those that the model was trained with, else (63/64, 1/64) for a new one, and (1, 0), the pretrained network itself,
   * for one that others trained.
   */
  readonly coefficients?: Coefficients;
  /** Default: that of the model, else `exact` for a new one and `conventional` for one that others trained. */
  readonly method?: Method;
  /** What the norm reads of the last two states. Default: as the model, else `last`. */
  readonly read?: HeadRead;
  /** How clouds are made its input; only saved and told (`model.clouds`), for who reads them. Default: as the model says. */
  readonly clouds?: SavedCloudForm;
  /** What is summed over the samples that have a point. Default `probability`. */
  readonly votes?: VoteKind;
}
