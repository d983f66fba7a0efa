export { type Accumulate, accumulate } from './accumulate/index.ts';
export { type AdamItem, type AdamKernel, type AdamStepped, adam } from './adam/index.ts';
export { attentionBlock, attentionChunk, attentionQueries } from './attention/geometry.ts';
export { type AttentionKernel, type AttentionOptions, attention } from './attention/index.ts';
export { type ChannelScaleKernel, channelScale } from './channel-scale/index.ts';
export * from './context.ts';
export { dropoutMask } from './dropout/index.ts';
export { type DualResidualCoefficients, dualResidual, type ResidualTerms } from './dual-residual/index.ts';
export { hold, scope, share } from './engine.ts';
export type { Coarsened } from './exact/coarsen.ts';
export { type ExactGrid, type GridOptions, sideWords, stateLimit } from './exact/grid.ts';
export { type Exact, type ExactKernel, type ExactUpdate, exact } from './exact/index.ts';
export { type GatherKernel, gather } from './gather/index.ts';
export { type GeluKernel, gelu } from './gelu/index.ts';
export { type LayerNormKernel, layerNorm } from './layer-norm/index.ts';
export { type Linear, type LinearKernel, linear } from './linear/index.ts';
export { linearGelu } from './linear-gelu/index.ts';
export * from './parameter.ts';
export { type PatchEmbedOptions, patchEmbed, type TubeletEmbedOptions, tubeletEmbed } from './patch-embed/index.ts';
export * from './pullback.ts';
export { type SoftmaxCrossEntropyKernel, softmaxCrossEntropy, softTargets } from './softmax-cross-entropy/index.ts';
export { checkShaders, ShaderError } from './webgpu/failures.ts';
export { type TuneOptions, type TuneReport, type TuneStore, tune } from './webgpu/tune.ts';
export {
  type WindowAttentionKernel,
  type WindowAttentionOptions,
  windowAttention,
} from './window-attention/index.ts';
