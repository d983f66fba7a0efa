export { type Accumulate, accumulate } from './accumulate/index.ts';
export { type AdamItem, type AdamKernel, type AdamStepped, adam } from './adam/index.ts';
export { attentionBlock, attentionChunk, attentionQueries } from './attention/geometry.ts';
export { type AttentionKernel, type AttentionOptions, attention } from './attention/index.ts';
export { type BallOptions, ballQuery } from './ball-query/index.ts';
export {
  type BatchNormKernel,
  type BatchSums,
  batchNorm,
  type PartStatistics,
  type Statistics,
  type TracedBatch,
} from './batch-norm/index.ts';
export { type ChannelScaleKernel, channelScale } from './channel-scale/index.ts';
export * from './context.ts';
export {
  type DeformableAttentionKernel,
  type DeformableAttentionOptions,
  deformableAttention,
} from './deformable-attention/index.ts';
export { dropoutMask } from './dropout/index.ts';
export { type DualResidualCoefficients, dualResidual, type ResidualTerms } from './dual-residual/index.ts';
export { hold, scope, share } from './engine.ts';
export type { Coarsened } from './exact/coarsen.ts';
export { type ExactGrid, exactGrid, type GridOptions, sideWords, stateLimit } from './exact/grid.ts';
export { type Exact, type ExactKernel, type ExactUpdate, exact } from './exact/index.ts';
export { farthestPoints } from './farthest-points/index.ts';
export { type GatherKernel, gather } from './gather/index.ts';
export { type GeluKernel, gelu } from './gelu/index.ts';
export { Held, holding } from './held.ts';
export { type LayerNormKernel, layerNorm } from './layer-norm/index.ts';
export { type Linear, type LinearKernel, linear } from './linear/index.ts';
export { linearGelu } from './linear-gelu/index.ts';
export { type Nearest, nearestPoints, type ThreeNearest, threeNearest } from './nearest-points/index.ts';
export { type NeighbourMaxKernel, neighbourMax } from './neighbour-max/index.ts';
export * from './parameter.ts';
export { type PatchEmbedOptions, patchEmbed, type TubeletEmbedOptions, tubeletEmbed } from './patch-embed/index.ts';
export { PointCloudError, type Points } from './point-tree/cloud.ts';
export { type PointTree, searchTree } from './point-tree/tree.ts';
export * from './pullback.ts';
export { type RecordedKernels, recorderBackend } from './recorder/record.ts';
export { type ReluKernel, relu } from './relu/index.ts';
export { type CompressedRows, type MapRowsKernel, mapRows, RowMap, type RowMapParts } from './row-map/index.ts';
export { type GroupingParts, groupingMap, interpolationMap } from './row-map/maps.ts';
export { type SoftmaxCrossEntropyKernel, softmaxCrossEntropy, softTargets } from './softmax-cross-entropy/index.ts';
export { checkShaders, ShaderError } from './webgpu/failures.ts';
export { type TuneOptions, type TuneReport, type TuneStore, tune } from './webgpu/tune.ts';
export {
  type WindowAttentionKernel,
  type WindowAttentionOptions,
  windowAttention,
} from './window-attention/index.ts';
