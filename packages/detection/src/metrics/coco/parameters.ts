/** COCO's parameters, which its twelve numbers are defined by. */

/** As numpy's linspace has them, so that comparisons at a threshold fall the same way. */
const evenly = (from: number, to: number, count: number) =>
  Array.from({ length: count }, (_, i) => (i === count - 1 ? to : from + i * ((to - from) / (count - 1))));

/** Intersection over union from which a detection is right: 0.5, 0.55 … 0.95. */
export const cocoThresholds: readonly number[] = evenly(0.5, 0.95, 10);

/** Where precision is read: recall 0, 0.01 … 1. */
export const cocoRecalls: readonly number[] = evenly(0, 1, 101);

/** How many detections an image and category may have, by falling score. */
export const cocoLimits: readonly number[] = [1, 10, 100];

/** Size classes. */
export type CocoSize = 'all' | 'small' | 'medium' | 'large';

/** Areas of objects in square pixels, both ends included. */
export const cocoSizes: readonly { readonly name: CocoSize; readonly from: number; readonly to: number }[] = [
  { name: 'all', from: 0, to: 1e10 },
  { name: 'small', from: 0, to: 32 ** 2 },
  { name: 'medium', from: 32 ** 2, to: 96 ** 2 },
  { name: 'large', from: 96 ** 2, to: 1e10 },
];
