export { keptFiles } from '#platform';
export type { ModelOptions } from './architectures/options.ts';
export { publishedConfig, publishedNames } from './architectures/published.ts';
export * from './backbone.ts';
export type { BodyOptions } from './body.ts';
export type { HostTensor } from './checkpoint/decode.ts';
export { encodeSafetensors, type TensorSource } from './checkpoint/encode.ts';
export { readTensorFile } from './checkpoint/read-tensors.ts';
export {
  applyClassifier,
  type ClassifierGradients,
  type ClassifierOptions,
  type ClassifierPullback,
  type GradientOptions,
  gradients,
  type TracedClassifier,
  traceClassifier,
} from './classifier.ts';
export { createBackbone } from './create.ts';
export { ahead } from './data/ahead.ts';
export { allInOrder } from './data/all-in-order.ts';
export { type ColourOptions, jitterColour } from './data/colour.ts';
export { type Random, randomFrom } from './data/random.ts';
export { type AxisWeights, axisWeights, resample } from './data/resample.ts';
export { logSumExp } from './data/softmax.ts';
export { requireWhole } from './data/whole.ts';
export { withNewDinoClasses } from './dino/classes.ts';
export type {
  DenoisingQueries,
  DinoGradient,
  DinoInput,
  DinoLayer,
  DinoPullback,
  DinoRunOptions,
  TraceDinoOptions,
  TracedDino,
} from './dino/contract.ts';
export { createDino, type DinoConfigOptions, dinoConfig, type NewDinoOptions } from './dino/create.ts';
export { DinoDetector } from './dino/detector.ts';
export { applyDino, traceDino } from './dino/run.ts';
export { type DinoLayersSpec, type DinoOptions, type DinoSpec, dinoSize, isDinoConfig } from './dino/spec.ts';
export { type LoadDinoOptions, loadDino, type SaveDinoOptions, saveDino } from './dino/store.ts';
export * from './errors.ts';
export type { ModelFolder, ModelSource } from './files/chosen-folder.ts';
export { readModelConfig } from './files/config-files.ts';
export type { SourceOptions } from './files/source.ts';
export {
  loadMemoryModel,
  type MemoryHead,
  memoryModel,
  memoryModelOf,
  readPublishedConfig,
  transformerSpec,
} from './footprint/memory-model.ts';
export {
  type DescribedSegmenter,
  type SegmenterConfigMemoryOptions,
  type SegmenterMemoryOptions,
  segmenterMemoryModel,
  segmenterMemoryModelOf,
} from './footprint/points/memory-model.ts';
export { methodSetting } from './footprint/setting.ts';
export {
  type DescribedYolos,
  type YolosMemoryOptions,
  yolosMemoryModel,
  yolosMemoryModelOf,
} from './footprint/yolos/memory-model.ts';
export { ClassificationHead, type HeadSizes } from './heads/classification-head.ts';
export { type HeadOptions, hasPretrainedHead, type NewHeadOptions, newHead, pretrainedHead } from './heads/heads.ts';
export { readLabels, writeLabels } from './heads/labels.ts';
export { type InflateOptions, inflate } from './inflate.ts';
export { type LoadOptions, loadBackbone } from './load.ts';
export { nearestName } from './nearest.ts';
export { channelsFirst, channelsLast } from './pixels.ts';
export { type SegmenterConfigOptions, segmenterConfig } from './point/config.ts';
export { describeSegmenter, type SegmenterDescription } from './point/describe.ts';
export { type PointGeometry, pointGeometry } from './point/geometry.ts';
export { type PointLevels, pointLevels } from './point/levels.ts';
export { PointSegmenter } from './point/point-segmenter.ts';
export {
  applySegmenter,
  type SegmenterOptions,
  type SegmenterPart,
  type SegmenterPullback,
  segmenterStates,
  type TracedSegmenter,
  traceSegmenter,
} from './point/segmenter.ts';
export { type PointSpec, type PositionShift, readPointSpec } from './point/spec.ts';
export {
  createSegmenter,
  isSegmenterConfig,
  type LoadSegmenterOptions,
  loadSegmenter,
  type NewSegmenterOptions,
  type SaveSegmenterOptions,
  saveSegmenter,
  segmenterSpec,
  withNewHead,
} from './point/store.ts';
export { type RunsOptions, runOptionsOf } from './runs.ts';
export {
  headSources,
  type SaveBackboneOptions,
  type SaveModelOptions,
  saveBackbone,
  savedConfig,
  saveModel,
  tensorSources,
} from './save.ts';
export { settledTraining } from './settled-training.ts';
export { isSwinConfig, type SwinDescription, type SwinOptions } from './swin/config.ts';
export { applyFeatures, type FeaturesPullback, type TracedFeatures, traceFeatures } from './swin/features.ts';
export type { SwinSpec, SwinStageSpec } from './swin/spec.ts';
export { createSwin, type LoadSwinOptions, loadSwin } from './swin/store.ts';
export { SwinBackbone } from './swin/swin-backbone.ts';
export * from './task.ts';
export { huggingFaceNames } from './transformer/names.ts';
export { TransformerBackbone } from './transformer/transformer-backbone.ts';
export { withNewClasses } from './yolos/classes.ts';
export { createYolos, type NewYolosOptions, type YolosConfigOptions, yolosConfig } from './yolos/create.ts';
export { YolosDetector } from './yolos/detector.ts';
export {
  applyYolos,
  type Detections,
  type TracedYolos,
  type TraceYolosOptions,
  traceYolos,
  type YolosPullback,
  type YolosRunOptions,
} from './yolos/run.ts';
export { type PictureSize, type YolosOptions, type YolosSpec, yolosTokens } from './yolos/spec.ts';
export { isYolosConfig, type LoadYolosOptions, loadYolos, type SaveYolosOptions, saveYolos } from './yolos/store.ts';
