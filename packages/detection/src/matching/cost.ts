/**
 * What it would cost to let a query stand for an object: class, L1 distance of the boxes, and −GIoU, weighted. The class
 * term is −softmax (DETR, Carion et al. 2020, arXiv 2005.12872) or the focal loss's difference between 'is this class'
 * and 'is not' (Deformable DETR, Zhu et al. 2021, arXiv 2010.04159).
 */
import { centresToCorners } from '../boxes/formats.ts';
import { boxGiou } from '../boxes/overlap.ts';
import { sigmoid, softmaxInto } from '../losses/activations.ts';
import { type Classification, channelsOf, type DetectionTargets, type TermWeights } from './contract.ts';

/** Keeps logarithms of probabilities finite, as Deformable DETR has it. */
const epsilon = 1e-8;

function classCosts(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  queries: number,
  classification: Classification,
): Float64Array {
  const channels = channelsOf(classification);
  const result = new Float64Array(queries * labels.length);
  if (classification.kind === 'softmax') {
    const probabilities = new Float64Array(channels);
    for (let q = 0; q < queries; q++) {
      softmaxInto(logits, q * channels, probabilities);
      for (let t = 0; t < labels.length; t++)
        result[q * labels.length + t] = -(probabilities[labels[t] as number] as number);
    }
    return result;
  }
  const { alpha = 0.25, gamma = 2 } = classification;
  for (let q = 0; q < queries; q++)
    for (let t = 0; t < labels.length; t++) {
      const p = sigmoid(logits[q * channels + (labels[t] as number)] as number);
      const is = alpha * (1 - p) ** gamma * -Math.log(p + epsilon);
      const isNot = (1 - alpha) * p ** gamma * -Math.log(1 - p + epsilon);
      result[q * labels.length + t] = is - isNot;
    }
  return result;
}

/**
 * What it would cost to let each query stand for each object: class, L1 and GIoU, weighted.
 * @param outputs of one image
 * @param outputs.logits [queries, channels]
 * @param outputs.boxes [queries, 4] as [cx, cy, w, h], fractions
 * @returns [queries, objects]
 */
export function matchingCost(
  { logits, boxes }: { readonly logits: ArrayLike<number>; readonly boxes: ArrayLike<number> },
  targets: DetectionTargets,
  classification: Classification,
  weights: TermWeights,
): Float64Array {
  const [queries, objects] = [boxes.length / 4, targets.labels.length];
  const costs = classCosts(logits, targets.labels, queries, classification);
  const giou = boxGiou(centresToCorners(boxes), centresToCorners(targets.boxes));
  for (let q = 0; q < queries; q++)
    for (let t = 0; t < objects; t++) {
      let l1 = 0;
      for (let k = 0; k < 4; k++) l1 += Math.abs((boxes[4 * q + k] as number) - (targets.boxes[4 * t + k] as number));
      const at = q * objects + t;
      costs[at] = weights.class * (costs[at] as number) + weights.l1 * l1 - weights.giou * (giou[at] as number);
    }
  return costs;
}
