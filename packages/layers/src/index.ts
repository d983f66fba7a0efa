export { type AttentionParts, selfAttention } from './attention.ts';
export { BatchNorm, type BatchNormParts, type NormStatistics } from './batch-norm.ts';
export { boxPositions } from './box-positions.ts';
export { Convolution, type ConvolutionSizes } from './convolution.ts';
export {
  DeformableAttention,
  type DeformableAttentionInputs,
  type DeformableAttentionParts,
  type DeformableAttentionPullback,
} from './deformable-attention.ts';
export { GroupLinear } from './group-linear.ts';
export { GroupNorm } from './group-norm.ts';
export { type InputLayer, type InputPullback, inputSequential, PatchEmbed, TubeletEmbed } from './input.ts';
export { LayerNorm } from './layer-norm.ts';
export { LayerScale } from './layer-scale.ts';
export { Linear, LinearGelu } from './linear.ts';
export { Dropout, DropPath, DropRateError } from './masking.ts';
export { type MlpParts, mlp } from './mlp.ts';
export { NormedRows, type RowSource } from './normed-rows.ts';
export type { PickedGradient, RowTaker, TracedRows } from './normed-rows-gradient.ts';
export { type Maximum, PartMaximum } from './part-maximum.ts';
export { type Part, partsOf, take } from './parts.ts';
export { PatchMap } from './patch-map.ts';
export { PatchMerging, type PatchMergingParts } from './patch-merging.ts';
export { type Groups, type GroupsPullback, PointGroups } from './point-groups.ts';
export { NeighbourMax, Relu } from './point-layers.ts';
export { FixedPosition, PositionEmbedding, SpaceTimePosition } from './position.ts';
export { positioned } from './positioned.ts';
export {
  PositionedAttention,
  type PositionedAttentionInputs,
  type PositionedAttentionParts,
  type PositionedAttentionPullback,
} from './positioned-attention.ts';
export { postNormSubBlock } from './post-norm.ts';
export { PrefixTokens } from './prefix-tokens.ts';
export { windowIndices } from './relative-position.ts';
export { initialOffsets, type LevelShapes } from './sampling-locations.ts';
export { sequential } from './sequential.ts';
export { type PaddedMap, type SinePositionOptions, sinePositions } from './sine-positions.ts';
export { attentionSubBlock, type BranchParts, mlpSubBlock, windowAttentionSubBlock } from './sub-block.ts';
export { SuffixTokens } from './suffix-tokens.ts';
export { Sums } from './sums.ts';
export { Total } from './total.ts';
export { type WindowAttentionParts, windowSelfAttention } from './window-attention.ts';
export type { WindowRule } from './window-geometry.ts';
