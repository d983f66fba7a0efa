/** What the browser and Node have in common. */
export type { PointAugmentation } from './augment/augment.ts';
export { bounds, type Origin, type PointCloud, selectPoints } from './cloud/cloud.ts';
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
export { encodeLabels } from './writer/labels.ts';
export { classColour } from './writer/palette.ts';
export { encodePly, type PlyOptions } from './writer/ply.ts';
