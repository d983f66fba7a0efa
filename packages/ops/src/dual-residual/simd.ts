/** The dual-residual update and its inverse by our SIMD kernels on wasm, one pass each; the bits are those of the composed operations. */
import { float, onHeap } from '../simd/run.ts';
import { states } from '../simd/states.ts';
import type { DualResidualKernel } from './index.ts';

export const simd: DualResidualKernel = {
  update(f, x, previous, { alpha, beta }) {
    // What a coefficient of 0 leaves out may have been freed.
    const inputs = [f, alpha === 0 ? f : x, beta === 0 ? f : previous];
    return onHeap(states, inputs, [float(...f.shape)], ({ kernels }, [F, X, P], [to]) =>
      kernels.update(F!, X!, P!, alpha, beta, f.size, to!),
    )[0]!;
  },
  inverse(next, f, x, { alpha, beta }) {
    const inputs = [next, f, alpha === 0 ? f : x];
    return onHeap(states, inputs, [float(...f.shape)], ({ kernels }, [N, F, X], [to]) =>
      kernels.inverse(N!, F!, X!, alpha, beta, f.size, to!),
    )[0]!;
  },
};
