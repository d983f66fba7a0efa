/** A batch to measure a training step with: noise in the place of pictures, and as much to find as a batch of the data can have. */
import { randomFrom } from '@dr2net/models';
import type { ImageSize } from '../boxes/formats.ts';
import { type DetectionBatch, type DetectionSample, toBatch } from '../source/batch.ts';

export interface TrialBatch {
  /** Images. */
  readonly size: number;
  /** Objects in each. */
  readonly objects: number;
  readonly canvas: ImageSize;
  readonly classes: number;
}

/** Padding takes more memory than none, and nearly every batch has some. */
const filled = 3 / 4;

/** @returns a batch like any other, owned by the caller; equal arguments give equal ones */
export function trialBatch({ size, objects, canvas, classes }: TrialBatch): DetectionBatch {
  const used: ImageSize = { height: canvas.height, width: Math.max(1, Math.floor(filled * canvas.width)) };
  const sample = (number: number): DetectionSample => {
    const random = randomFrom(0, 'trial', number);
    const between = (least: number, most: number) => least + (most - least) * random();
    const pixels = new Float32Array(canvas.height * canvas.width * 3);
    for (let i = 0; i < pixels.length; i++)
      if (Math.floor(i / 3) % canvas.width < used.width) pixels[i] = between(-2, 2);
    const boxes = Array.from({ length: objects }, () => {
      const [width, height] = [between(0.05, 0.3), between(0.05, 0.3)];
      return [between(width / 2, filled - width / 2), between(height / 2, 1 - height / 2), width, height];
    });
    return {
      image: { id: `trial ${number + 1}`, imageId: number + 1, file: new Blob(), boxes: [] },
      original: used,
      used,
      placement: { scaleX: 1, scaleY: 1, shiftX: 0, shiftY: 0 },
      targets: {
        boxes: Float32Array.from(boxes.flat()),
        labels: Int32Array.from({ length: objects }, () => random.below(classes)),
      },
      pixels,
    };
  };
  return toBatch(
    Array.from({ length: size }, (_, number) => sample(number)),
    canvas,
  );
}
