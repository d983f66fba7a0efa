/** A data set as COCO's annotations, for evaluation. */
import type { CocoTruths } from '../metrics/coco/format.ts';
import type { DetectionDataset } from './contract.ts';

/** Difficult objects count as crowds: detections of them are neither right nor wrong. */
export function cocoTruths({ classes, categoryIds, images }: DetectionDataset): CocoTruths {
  return {
    images: images.map(({ imageId, width, height }) => ({
      id: imageId,
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
    })),
    categories: classes.map((name, i) => ({ id: categoryIds[i] as number, name })),
    annotations: images.flatMap(({ imageId, boxes }) =>
      boxes.map(({ id, x, y, width, height, label, crowd, difficult = false, area, segmentation }) => ({
        id,
        image_id: imageId,
        category_id: categoryIds[label] as number,
        bbox: [x, y, width, height] as const,
        iscrowd: crowd || difficult,
        ...(area === undefined ? {} : { area }),
        ...(segmentation === undefined ? {} : { segmentation }),
      })),
    ),
  };
}
