/** The objects of one picture. */
import { currentBackend } from '@dr2net/backends';
import { type DetectionDataset, type DetectionImage, detectionSource, type ObjectDetection } from '@dr2net/detection';
import { overlap } from './overlap.ts';
import { drawPicture, side } from './picture.ts';
import type { DetectedPicture } from './protocol.ts';
import { shapes } from './shape.ts';

/** What is less probable is not told. */
const least = 0.05;

export interface Given {
  readonly id: string;
  readonly file: Blob;
  /** Boxes as data sets have them; absent where nothing is known. */
  readonly boxes?: DetectionImage['boxes'];
}

/** A drawn picture, with the boxes of its objects. */
export async function drawn(seed: number): Promise<Given> {
  const { pixels, objects } = drawPicture(seed);
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser draws no pictures in a worker.');
  const image = context.createImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    image.data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const boxes = objects.map(({ label, box: [x, y, width, height] }, k) => {
    return { label, x, y, width, height, crowd: false, id: k + 1 };
  });
  return { id: `picture ${seed}.png`, file: await canvas.convertToBlob(), boxes };
}

export async function detect(model: ObjectDetection, given: Given): Promise<DetectedPicture> {
  const begun = performance.now();
  const { id, file } = given;
  const boxes = model.labels.join() === shapes.join() ? given.boxes : undefined;
  const image: DetectionImage = { id, imageId: 1, file, boxes: boxes ?? [] };
  const categoryIds = model.labels.map((_, k) => k + 1);
  const dataset: DetectionDataset = { classes: model.labels, categoryIds, images: [image], dropped: [], notes: [] };
  const { size, mean, std } = model.input;
  const source = detectionSource(dataset, { size, mean, std, batch: 1, training: false });
  for await (const batch of source.epoch({ seed: 0, epoch: 0 }))
    try {
      const [found] = await model.detect(batch, { threshold: least, nms: overlap });
      currentBackend()?.check();
      const { width, height } = batch.originals[0] as { width: number; height: number };
      return {
        ...{ id, file, own: given.boxes === undefined, width, height },
        ...{ classes: model.labels, found: found?.objects ?? [] },
        truth:
          boxes?.map(({ label, x, y, width: w, height: h }) => ({ label, box: [x, y, x + w, y + h] as const })) ?? null,
        seconds: (performance.now() - begun) / 1000,
      };
    } finally {
      batch.dispose();
    }
  throw new Error(`${id} is no image.`);
}
