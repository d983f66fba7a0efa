/**
 * The set loss of a detector (DETR, arXiv 2005.12872): one query stands for each object, the others for nothing. A class
 * term over all queries, L1 and GIoU over the pairs, divided by the number of objects in the batch (1 at least); the
 * layers of a decoder are matched one by one and their losses added up.
 */
import {
  type Classification,
  checkOutputs,
  checkTargets,
  type DetectionOutputs,
  type DetectionTargets,
  type Match,
  type TermWeights,
} from '../matching/contract.ts';
import { matchQueries } from '../matching/match.ts';
import { giouLoss, l1Loss } from './box.ts';
import { weightedCrossEntropy } from './cross-entropy.ts';
import { focalLoss } from './focal.ts';

/** How queries are matched and what each term of the loss weighs. */
export interface SetLossOptions {
  readonly classification: Classification;
  /** Weights of the matching cost; default as published: softmax 1, 5, 2, focal 2, 5, 2. */
  readonly cost?: TermWeights;
  /** Weights of the terms in the total; default 1, 5, 2 (DETR, DINO; Deformable DETR has 2, 5, 2). */
  readonly weights?: TermWeights;
}

/** One layer's loss. */
export interface LayerLoss {
  /** The three terms, weighted. */
  readonly total: number;
  /** Each term as it is, without its weight. */
  readonly class: number;
  readonly l1: number;
  readonly giou: number;
  /** Of `total`, in the shape of the outputs. */
  readonly gradient: { readonly logits: Float64Array; readonly boxes: Float64Array };
  readonly matches: readonly Match[];
}

/** The set loss of all layers, and of each. */
export interface SetLoss {
  /** Sum over the layers. */
  readonly total: number;
  /** In the order of the outputs. */
  readonly layers: readonly LayerLoss[];
}

export const defaultWeights: TermWeights = { class: 1, l1: 5, giou: 2 };
export const defaultNoObject = 0.1;

/** The class each query stands for [batch × queries]; `classes`, 'no object', where it stands for none. */
function queryLabels(
  queries: number,
  targets: readonly DetectionTargets[],
  matches: readonly Match[],
  classes: number,
): Int32Array {
  const labels = new Int32Array(targets.length * queries).fill(classes);
  for (const [image, match] of matches.entries())
    for (const [i, query] of match.queries.entries())
      labels[image * queries + query] = targets[image]?.labels[match.targets[i] as number] as number;
  return labels;
}

function classLoss(logits: ArrayLike<number>, labels: Int32Array, objects: number, classification: Classification) {
  const { classes } = classification;
  if (classification.kind === 'softmax') {
    const { noObject = defaultNoObject } = classification;
    if (!(noObject >= 0 && noObject < Infinity)) throw new RangeError(`noObject is ${noObject}; it must be 0 or more.`);
    const weights = new Float64Array(classes + 1).fill(1);
    weights[classes] = noObject;
    return weightedCrossEntropy(logits, labels, weights);
  }
  const oneHot = new Uint8Array(logits.length);
  for (const [row, label] of labels.entries()) if (label < classes) oneHot[row * classes + label] = 1;
  const { loss, gradient } = focalLoss(logits, oneHot, classification);
  return {
    loss: loss.reduce((sum, value) => sum + value, 0) / objects,
    gradient: gradient.map((value) => value / objects),
  };
}

function boxTerms(
  outputs: DetectionOutputs,
  targets: readonly DetectionTargets[],
  matches: readonly Match[],
  objects: number,
  weights: TermWeights,
) {
  const gradient = new Float64Array(outputs.boxes.length);
  let [l1, giou] = [0, 0];
  for (const [image, match] of matches.entries())
    for (const [i, query] of match.queries.entries()) {
      const at = 4 * (image * outputs.queries + query);
      const from = 4 * (match.targets[i] as number);
      const predicted = [0, 1, 2, 3].map((k) => outputs.boxes[at + k] as number);
      const target = [0, 1, 2, 3].map((k) => targets[image]?.boxes[from + k] as number);
      const [distance, overlap] = [l1Loss(predicted, target), giouLoss(predicted, target)];
      l1 += (distance.loss[0] as number) / objects;
      giou += (overlap.loss[0] as number) / objects;
      for (let k = 0; k < 4; k++)
        gradient[at + k] =
          (weights.l1 * (distance.gradient[k] as number) + weights.giou * (overlap.gradient[k] as number)) / objects;
    }
  return { l1, giou, gradient };
}

function checkMatches(matches: readonly Match[], targets: readonly DetectionTargets[], queries: number): void {
  if (matches.length !== targets.length)
    throw new RangeError(`Matches of ${matches.length} images for a batch of ${targets.length}; give one an image.`);
  for (const [image, match] of matches.entries()) {
    const within = (values: Int32Array, count: number) => values.every((value) => value >= 0 && value < count);
    const sound =
      match.queries.length === match.targets.length &&
      new Set(match.queries).size === match.queries.length &&
      within(match.queries, queries) &&
      within(match.targets, targets[image]?.labels.length ?? 0);
    if (!sound)
      throw new RangeError(`Image ${image} of the batch: its match is none of ${queries} queries, each used once.`);
  }
}

/**
 * The loss of one layer whose matches are known: contrastive denoising knows them, and several queries may stand for one
 * object there.
 * @param objects what the sums over pairs are divided by; default the number of pairs, 1 at least
 */
export function matchedLoss(
  outputs: DetectionOutputs,
  targets: readonly DetectionTargets[],
  matches: readonly Match[],
  { classification, weights = defaultWeights }: Omit<SetLossOptions, 'cost'>,
  objects = Math.max(
    1,
    matches.reduce((sum, { queries }) => sum + queries.length, 0),
  ),
): LayerLoss {
  checkOutputs(outputs, classification);
  checkTargets(targets, outputs.batch, classification.classes);
  checkMatches(matches, targets, outputs.queries);
  const labels = queryLabels(outputs.queries, targets, matches, classification.classes);
  const ofClass = classLoss(outputs.logits, labels, objects, classification);
  const { l1, giou, gradient: boxes } = boxTerms(outputs, targets, matches, objects, weights);
  return {
    total: weights.class * ofClass.loss + weights.l1 * l1 + weights.giou * giou,
    class: ofClass.loss,
    l1,
    giou,
    gradient: { logits: ofClass.gradient.map((value) => weights.class * value), boxes },
    matches,
  };
}

/**
 * The loss of all layers, each matched by itself.
 * @param layers the outputs of each decoder layer, and of the encoder's proposals where there are any
 * @param targets the objects of each image of the batch; an image may have none
 * @throws RangeError where an image has more objects than queries, or an output is NaN or infinite
 */
export function setLoss(
  layers: readonly DetectionOutputs[],
  targets: readonly DetectionTargets[],
  options: SetLossOptions,
): SetLoss {
  const losses = layers.map((outputs) =>
    matchedLoss(outputs, targets, matchQueries(outputs, targets, options.classification, options.cost), options),
  );
  return { total: losses.reduce((sum, { total }) => sum + total, 0), layers: losses };
}
