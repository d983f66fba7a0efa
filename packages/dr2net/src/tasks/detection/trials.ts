/** What training a detector takes, by trial steps on batches of noise of the data's size. */
import type { DetectionDataset, ObjectDetection } from '@dr2net/detection';
import { trial } from '@dr2net/train';
import type { Trials } from '../../plan/trials.ts';

/** The image with the most objects to train on. */
export function fullestImage({ images }: Pick<DetectionDataset, 'images'>): {
  readonly id: string;
  readonly objects: number;
} {
  const counts = images.map(({ id, boxes }) => ({ id, objects: boxes.filter(({ crowd }) => !crowd).length }));
  return counts.reduce((most, image) => (image.objects > most.objects ? image : most));
}

/** @param model borrowed */
export function detectionTrials(model: ObjectDetection, dataset: Pick<DetectionDataset, 'images'>): Trials {
  const { objects } = fullestImage(dataset);
  return {
    words: { samples: 'images', less: 'a smaller size, fewer queries' },
    try: (batch, options) => trial(model, () => model.trialBatch(batch, objects), options),
  };
}
