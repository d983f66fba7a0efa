/** Lets one query stand for each object of a batch, at the lowest total cost. */
import { assign } from './assignment.ts';
import {
  type Classification,
  channelsOf,
  checkOutputs,
  checkTargets,
  type DetectionOutputs,
  type DetectionTargets,
  type Match,
  type TermWeights,
} from './contract.ts';
import { matchingCost } from './cost.ts';

/** Weights of the cost as published: DETR 1, 5, 2; Deformable DETR and DINO 2, 5, 2. */
export const defaultCost = ({ kind }: Classification): TermWeights => ({
  class: kind === 'softmax' ? 1 : 2,
  l1: 5,
  giou: 2,
});

const part = (values: ArrayLike<number>, from: number, count: number) =>
  Float64Array.from({ length: count }, (_, i) => values[from + i] as number);

/**
 * Which query is to find which object: the cheapest assignment, image by image.
 * @param targets the objects of each image of the batch
 * @param cost default as published: class 1 (softmax) or 2, L1 5, GIoU 2
 * @throws RangeError where an image has more objects than there are queries, or an output is NaN or infinite
 */
export function matchQueries(
  outputs: DetectionOutputs,
  targets: readonly DetectionTargets[],
  classification: Classification,
  cost: TermWeights = defaultCost(classification),
): Match[] {
  checkOutputs(outputs, classification);
  checkTargets(targets, outputs.batch, classification.classes);
  const { queries } = outputs;
  const channels = channelsOf(classification);
  return targets.map((objects, image) => {
    const count = objects.labels.length;
    if (count > queries)
      throw new RangeError(
        `Image ${image} of the batch has ${count} objects, but the detector has ${queries} queries: ` +
          'it needs at least as many queries as objects.',
      );
    const logits = part(outputs.logits, image * queries * channels, queries * channels);
    const boxes = part(outputs.boxes, image * queries * 4, queries * 4);
    const costs = matchingCost({ logits, boxes }, objects, classification, cost);
    const { rows, columns } = assign(costs, queries, count);
    return { queries: rows, targets: columns };
  });
}
