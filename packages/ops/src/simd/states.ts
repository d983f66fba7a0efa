/** The SIMD module of whole states: simd/states.ts. */
import { binary } from './binaries/states.ts';
import { type Address, SimdModule } from './module.ts';

export interface StateKernels {
  update(f: Address, x: Address, previous: Address, alpha: number, beta: number, size: number, next: Address): void;
  inverse(next: Address, f: Address, x: Address, alpha: number, beta: number, size: number, previous: Address): void;
}

export const states = new SimdModule<StateKernels>(binary);
