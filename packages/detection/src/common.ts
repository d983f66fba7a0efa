/** What the browser and Node have in common. */
export {
  type Boxes,
  centresToCorners,
  cocoToCorners,
  cornersToCentres,
  cornersToCoco,
  type ImageSize,
} from './boxes/formats.ts';
export { type NmsOptions, nms } from './boxes/nms.ts';
export { boxAreas, boxGiou, boxIou } from './boxes/overlap.ts';
export { BadAnnotationError } from './errors.ts';
export { type BoxLosses, giouLoss, l1Loss } from './losses/box.ts';
export { type MeanLoss, weightedCrossEntropy } from './losses/cross-entropy.ts';
export { type ElementLosses, focalLoss } from './losses/focal.ts';
export { type LayerLoss, matchedLoss, type SetLoss, type SetLossOptions, setLoss } from './losses/set.ts';
export { type Assignment, assign } from './matching/assignment.ts';
export type {
  Classification,
  DetectionOutputs,
  DetectionTargets,
  Match,
  TermWeights,
} from './matching/contract.ts';
export { matchingCost } from './matching/cost.ts';
export { matchQueries } from './matching/match.ts';
export type { CocoCurves } from './metrics/coco/curves.ts';
export { type CategoryEvaluation, type CocoEvaluation, evaluateCoco } from './metrics/coco/evaluate.ts';
export type {
  CocoAnnotation,
  CocoBox,
  CocoCategory,
  CocoDetection,
  CocoImage,
  CocoKind,
  CocoSegmentation,
  CocoTruths,
} from './metrics/coco/format.ts';
export type { CocoSize } from './metrics/coco/parameters.ts';
export {
  type PrecisionRecall,
  type PrecisionRecallOptions,
  precisionRecall,
} from './metrics/coco/precision-recall.ts';
export type { CocoStats } from './metrics/coco/summary.ts';
export { sharedArea, unionOf } from './metrics/mask/combine.ts';
export { polygonMask } from './metrics/mask/polygon.ts';
export { decodeMask, type Mask, maskArea, maskBox, maskOfRuns } from './metrics/mask/runs.ts';
