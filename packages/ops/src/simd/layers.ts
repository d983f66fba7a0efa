/** The SIMD module of dense layers (simd/layers.ts): products, GELU, layer normalisation, attention. Strides are bytes. */
import { binary } from './binaries/layers.ts';
import { type Address, SimdModule } from './module.ts';

export interface LayerKernels {
  readonly productScratchBytes: WebAssembly.Global<'i32'>;
  gemm(
    ...args: [
      ...[m: number, n: number, k: number],
      ...[a: Address, aRow: number, aInner: number],
      ...[b: Address, bInner: number, bColumn: number],
      ...[c: Address, cStride: number, scale: number],
      ...[start: Address, startStride: number, scratch: Address],
    ]
  ): void;
  activate(z: Address, size: number, to: Address): void;
  activateWithSlope(z: Address, size: number, to: Address, slope: Address): void;
  multiply(a: Address, b: Address, size: number, to: Address): void;
  columnSums(d: Address, rows: number, width: number, to: Address): void;
  layerNorm(
    ...args: [
      ...[x: Address, gain: Address, bias: Address, rows: number, width: number, epsilon: number],
      ...[y: Address, statistics: Address],
    ]
  ): void;
  layerNormGradient(
    ...args: [
      ...[x: Address, gain: Address, statistics: Address, dy: Address, rows: number, width: number],
      ...[dx: Address, dGain: Address, dBias: Address, scratch: Address],
    ]
  ): void;
  attention(
    ...args: [
      ...[qkv: Address, batch: number, tokens: number, heads: number, width: number, scale: number],
      ...[together: number, scores: Address, to: Address, scratch: Address],
      ...[bias: Address, mask: Address, windows: number],
    ]
  ): void;
  attentionGradient(
    ...args: [
      ...[qkv: Address, dy: Address, batch: number, tokens: number, heads: number, width: number, scale: number],
      ...[together: number, scores: Address, to: Address, scratch: Address],
      ...[bias: Address, mask: Address, windows: number, dBias: Address],
    ]
  ): void;
}

export const layers = new SimdModule<LayerKernels>(binary, ({ productScratchBytes }) => productScratchBytes.value);
