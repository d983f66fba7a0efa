/** A sum that grows where it lies in wasm's memory. */
import { onHeap } from '../simd/run.ts';
import { states } from '../simd/states.ts';
import type { Accumulate } from './index.ts';

export const simd: Accumulate = (sum, term) => {
  // The dual-residual update with its result in the place of an operand, which it reads before it stores.
  onHeap(states, [sum, term], [], ({ kernels }, [S, T]) => kernels.update(S!, T!, S!, 1, 0, sum.size, S!));
  term.dispose();
  return sum;
};
