/** The detection source of Node: files of the disk, decoded by sharp. */
import type { DetectionDataset } from '../dataset/contract.ts';
import type { DetectionSourceOptions } from '../source/options.ts';
import { createDetectionSource, type DetectionSource } from '../source/source.ts';
import { decodeImage } from './decode.ts';
import { readFile } from './files.ts';

/** See {@link DetectionSource}: a data set as batches of `DetectionBatch`, made ahead in the background. */
export const detectionSource = (dataset: DetectionDataset, options: DetectionSourceOptions): DetectionSource =>
  createDetectionSource(dataset, options, { read: readFile, decode: decodeImage });
