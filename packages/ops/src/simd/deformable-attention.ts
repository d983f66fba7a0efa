/** The SIMD module of deformable attention: simd/deformable-attention.ts. */
import { binary } from './binaries/deformable-attention.ts';
import { type Address, SimdModule } from './module.ts';

type Sizes = [
  ...[batch: number, queries: number, heads: number, width: number],
  ...[levels: number, points: number, sources: number],
];

export interface DeformableAttentionKernels {
  deformableAttention(
    ...args: [
      ...[value: Address, locations: Address, weights: Address, table: Address],
      ...[...sizes: Sizes, list: Address, to: Address],
    ]
  ): void;
  deformableAttentionOfValue(
    ...args: [
      ...[locations: Address, weights: Address, table: Address, dy: Address],
      ...[...sizes: Sizes, list: Address, to: Address],
    ]
  ): void;
  deformableAttentionOfPoints(
    ...args: [
      ...[value: Address, locations: Address, weights: Address, table: Address, dy: Address],
      ...[...sizes: Sizes, toLocations: Address, toWeights: Address],
    ]
  ): void;
}

export const deformableAttention = new SimdModule<DeformableAttentionKernels>(binary);
