/** The adapter of a detector's network. */
import { type DinoDetector, YolosDetector } from '@dr2net/models';
import { DinoNetwork } from './dino.ts';
import type { DetectorNetwork } from './network.ts';
import type { DetectionOptions } from './options.ts';
import { YolosNetwork } from './yolos.ts';

/**
 * A YOLOS, a Deformable DETR or a DINO (borrowed) as passes forward and backward with their loss: what `objectDetection` trains, for whoever
 * goes through single passes.
 * @throws DetectionDatasetError for a size that does not fit, RangeError for options that its network does not have
 */
export const detectorNetwork = (
  detector: YolosDetector | DinoDetector,
  options: DetectionOptions = {},
): DetectorNetwork =>
  detector instanceof YolosDetector ? new YolosNetwork(detector, options) : new DinoNetwork(detector, options);
