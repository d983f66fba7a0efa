// What the module gives to JavaScript (src/simd/module.ts). All pointers are addresses in tfjs-wasm's memory; strides are bytes.
export { attention, attentionGradient } from './attention';
export { deformableAttention, deformableAttentionOfPoints, deformableAttentionOfValue } from './deformable-attention';
export { activate, activateWithSlope, multiply } from './gelu';
export { layerNorm, layerNormGradient } from './layer-norm';
export { gemm, productScratchBytes } from './product';
export { columnSums, inverse, update } from './states';
