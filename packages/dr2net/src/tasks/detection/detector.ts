/** A finetuned detector as it was saved: its classes, α, β and method, and batches as it takes them. */
import {
  type DetectionDataset,
  type DetectionSource,
  detectionSource,
  type ObjectDetection,
  objectDetection,
} from '@dr2net/detection';
import {
  type DinoDetector,
  isDinoConfig,
  loadDino,
  loadYolos,
  readModelConfig,
  type YolosDetector,
} from '@dr2net/models';
import type { Output } from '../../output.ts';

export type Detector = YolosDetector | DinoDetector;

export interface LoadedDetection {
  readonly model: ObjectDetection;
  dispose(): void;
}

/** @throws the errors of loading */
export async function loadDetection(source: string): Promise<LoadedDetection> {
  const load = isDinoConfig(await readModelConfig(source)) ? loadDino : loadYolos;
  const detector = await load(source);
  return { model: objectDetection(detector), dispose: () => detector.dispose() };
}

/** Whole images, in order. */
export function wholeImages(
  dataset: DetectionDataset,
  { input }: ObjectDetection,
  { batch, onBadImage }: { readonly batch: number; readonly onBadImage: 'refuse' | 'skip' },
  output: Output,
): DetectionSource {
  const { size, mean, std } = input;
  return detectionSource(dataset, {
    ...{ size, batch, onBadImage, training: false },
    mean: mean as [number, number, number],
    std: std as [number, number, number],
    onSkip: (error) => output.note(`skipped: ${error.message}`),
  });
}
