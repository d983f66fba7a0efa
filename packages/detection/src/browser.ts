/** Object detection in the browser: files the user chose, and URLs. */
import type { DetectionDataset } from './dataset/contract.ts';
import type { DetectionReadOptions } from './dataset/options.ts';
import { openDataset } from './dataset/read.ts';
import { readFile } from './files/browser.ts';
import type { FileEntry } from './files/files.ts';
import { decodeImage } from './image/browser.ts';
import { type LoadedImage, loadImage, type WantedImage } from './image/load.ts';
import type { DetectionSourceOptions } from './source/options.ts';
import { createDetectionSource, type DetectionSource } from './source/source.ts';

export * from './common.ts';

/**
 * A data set of files that the user chose (`path`: `webkitRelativePath`, or a name).
 * @throws DetectionDatasetError, BadAnnotationError, BadImageError
 */
export async function readDetections(
  files: readonly FileEntry[],
  options: DetectionReadOptions = {},
): Promise<DetectionDataset> {
  return openDataset('The choice of files', files, readFile, options);
}

/** See {@link DetectionSource}: a data set as batches of `DetectionBatch`, made ahead in the background. */
export const detectionSource = (dataset: DetectionDataset, options: DetectionSourceOptions): DetectionSource =>
  createDetectionSource(dataset, options, { read: readFile, decode: decodeImage });

/** An image's pixels as RGB: from a URL or a blob. @throws BadImageError */
export const readImage = (image: WantedImage): Promise<LoadedImage> =>
  loadImage(image, { read: readFile, decode: decodeImage });
