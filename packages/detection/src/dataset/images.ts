/** Images whose objects are to be found: a data set without boxes. */
import type { FileEntry } from '../files/files.ts';
import { isImageFile } from '../files/image-index.ts';
import type { DetectionDataset } from './contract.ts';
import { DetectionDatasetError } from './errors.ts';

/**
 * For prediction.
 * @param classes of the model
 * @throws DetectionDatasetError where none of the files is an image
 */
export function unlabelledImages(files: readonly FileEntry[], classes: readonly string[]): DetectionDataset {
  const images = files
    .filter(({ path }) => isImageFile(path))
    .map(({ path, file }, i) => ({ id: path, imageId: i + 1, file, boxes: [] }));
  if (images.length === 0)
    throw new DetectionDatasetError(`None of the ${files.length} files is an image (.jpg, .jpeg, .png, .webp).`);
  return { classes, categoryIds: classes.map((_, i) => i + 1), images, dropped: [], notes: [] };
}
