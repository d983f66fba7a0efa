/** What the network of a detector takes of the settings. */
import type { DetectionOptions } from '@dr2net/detection';
import { YolosDetector } from '@dr2net/models';
import type { Detector } from './detector.ts';
import { type DetectorSettings, sizeOf } from './settings.ts';

/** What a new DINO is for, where nothing is said: published sizes are for machines of another kind. */
const usualSize = [480, 640] as const;

export function networkOptionsOf(
  settings: Pick<DetectorSettings, 'emptyWeight' | 'denoising' | 'size'>,
  detector: Detector,
): DetectionOptions {
  const { emptyWeight, denoising } = settings;
  const size = sizeOf(settings) ?? (detector.fresh ? usualSize : undefined);
  return {
    ...(emptyWeight === undefined ? {} : { noObject: emptyWeight }),
    ...(denoising === undefined ? {} : { denoising: denoising > 0 && { queries: denoising } }),
    // A YOLOS has its size since it was loaded.
    ...(size && !(detector instanceof YolosDetector) ? { size } : {}),
  };
}
