/** What the browser and Node have in common. */
export type { PointAugmentation } from './augment/augment.ts';
export { bounds, type Origin, type PointCloud, selectPoints } from './cloud/cloud.ts';
export {
  type ClassSpec,
  type ClassTable,
  type Codes,
  classTable,
  type Ignored,
  ignoredLabel,
  parseClasses,
} from './dataset/classes.ts';
export type { FileEntry } from './dataset/layout.ts';
export type { DatasetOptions } from './dataset/open.ts';
export { parseRegion, type Region, regionsMeet } from './dataset/region.ts';
export { type Scene, type SceneDataset, type ScenePart, unlabelledScenes } from './dataset/scene.ts';
export { parseSplit, selectScenes } from './dataset/select.ts';
export { classWeights, type PointTargets, pointTargets, type Weighting } from './dataset/weights.ts';
export { BadCloudError, type BadCloudReason, CloudDatasetError } from './errors.ts';
export { PointVotes, spread, type VoteKind } from './inference/votes.ts';
export { Confusion } from './metrics/confusion.ts';
export { type SegmentationMetrics, segmentationMetrics } from './metrics/segmentation.ts';
export { useLazWasm } from './reader/laz.ts';
export { isCloudFile, type ReadOptions } from './reader/read.ts';
export type { CloudFile } from './reader/source.ts';
export { type BlockOptions, blockSampling } from './sampling/blocks.ts';
export type { PointSample, SceneSampler, SceneSampling } from './sampling/contract.ts';
export { type SphereOptions, sphereSampling } from './sampling/spheres.ts';
export { type VoxelOptions, type Voxels, voxelSubsample } from './sampling/voxel.ts';
export {
  type CloudForm,
  type SavedCloudForm,
  samplingOf,
  savedCloudForm,
  sourceOptionsOf,
} from './segmentation/cloud-form.ts';
export type { PointEvaluation, SceneEvaluation } from './segmentation/evaluation.ts';
export { type PointLoss, pointLoss } from './segmentation/loss.ts';
export type { SegmentationOptions } from './segmentation/options.ts';
export type { SceneSource, SegmentedScene, SegmentOptions } from './segmentation/scenes.ts';
export { PointSegmentation, pointSegmentation } from './segmentation/segmentation.ts';
export type { PointBatch } from './source/batch.ts';
export { channelsOf, type Feature } from './source/features.ts';
export type { PointSourceOptions } from './source/options.ts';
export type { PreparedScene } from './source/scenes.ts';
export type { PointSource, SceneInfo } from './source/source.ts';
export { type CloudStore, cloudMemoryStore } from './store/store.ts';
export { type ColouringName, drawnClassColour, errorColours, heightColour } from './view/colouring.ts';
export { encodePng, type RgbaImage } from './view/image.ts';
export type { ViewName } from './view/projection.ts';
export { type DrawnScene, type SceneView, type SceneViews, sceneViews, type ViewOptions } from './view/scene-views.ts';
export { encodeLabels } from './writer/labels.ts';
export { type Colour, classColour } from './writer/palette.ts';
export { encodePly, type PlyOptions } from './writer/ply.ts';
