/** What most implementations of attention have in common: the trace keeps qkv alone. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { hold, scope } from '../engine.ts';
import { type OpPullback, once } from '../pullback.ts';
import { type Geometry, geometry } from './geometry.ts';
import type { AttentionKernel, AttentionOptions } from './index.ts';

/** @param gradient of qkv, for dy [B, N, C] */
export function keepingQkv(
  forward: (qkv: Tensor, g: Geometry) => Tensor,
  gradient: (qkv: Tensor, g: Geometry, dy: Tensor) => Tensor,
): AttentionKernel {
  const apply = (qkv: Tensor, options: AttentionOptions) => {
    const g = geometry(qkv, options);
    return scope(() => forward(qkv, g));
  };
  return {
    apply,
    trace(qkv, options) {
      const g = geometry(qkv, options);
      const value = apply(qkv, options);
      const kept = hold(qkv);
      const pullback: OpPullback<'qkv'> = once('attention', [kept], (dy: Tensor, wanted?) =>
        wanted && !wanted.qkv ? {} : { qkv: scope(() => gradient(kept, g, dy)) },
      );
      return { value, pullback };
    },
  };
}
