// The module of dense layers, as JavaScript sees it (src/simd/layers.ts). All pointers are addresses in tfjs-wasm's memory; strides are bytes.
export { attention, attentionGradient } from './attention';
export { activate, activateWithSlope, multiply } from './gelu';
export { layerNorm, layerNormGradient } from './layer-norm';
export { gemm, productScratchBytes } from './product';
export { columnSums } from './sums';
