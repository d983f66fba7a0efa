/** What the browser and Node have in common. */

export type { DetectionAugmentation, DetectionCrop } from './augment/options.ts';
export type { Normalisation } from './augment/render.ts';
export type { SampleTargets } from './augment/targets.ts';
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
export type { OnBadBox } from './dataset/admission.ts';
export { cocoTruths } from './dataset/coco-truths.ts';
export type { DetectionBox, DetectionDataset, DetectionImage, DroppedBox } from './dataset/contract.ts';
export {
  BadImageError,
  type BadImageReason,
  DetectionDatasetError,
  NoDecoderError,
  UnknownSplitError,
} from './dataset/errors.ts';
export { unlabelledImages } from './dataset/images.ts';
export type { DetectionFormat, DetectionReadOptions } from './dataset/options.ts';
export { type DetectionSplitOptions, splitDetections } from './dataset/split.ts';
export type { DenoisingOptions } from './denoising/options.ts';
export { type Denoising, denoisingQueries } from './denoising/queries.ts';
export { ObjectDetection, objectDetection } from './detector/detection.ts';
export type { DetectionEvaluation } from './detector/evaluation.ts';
export { cocoDetections, type FoundFilter, type FoundInImage, type FoundObject } from './detector/found.ts';
export type {
  DetectorBatch,
  DetectorNetwork,
  DetectorPass,
  DetectorTraceOptions,
} from './detector/network.ts';
export { detectorNetwork } from './detector/network-of.ts';
export type { DetectionOptions } from './detector/options.ts';
export { type PassLoss, passLoss } from './detector/pass-loss.ts';
export { BadAnnotationError } from './errors.ts';
export type { FileEntry, ImageFile } from './files/files.ts';
export type { Conversion, LoadedImage, WantedImage } from './image/load.ts';
export { boxesToImage, type Placement } from './image/placement.ts';
export { type BoxLosses, giouLoss, l1Loss } from './losses/box.ts';
export { type MeanLoss, weightedCrossEntropy } from './losses/cross-entropy.ts';
export { type DinoLoss, type DinoLossOptions, type DinoOutputs, dinoLoss, type OutputGradient } from './losses/dino.ts';
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
export { type DetectionBatch, paddingMask } from './source/batch.ts';
export type { DetectionSourceOptions } from './source/options.ts';
export type { DetectionSource } from './source/source.ts';
export { boxesSvg, type DrawnBox } from './view/boxes.ts';
