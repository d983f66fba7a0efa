/** What implementations of window attention that make the probabilities again have in common: the trace keeps qkv, bias and mask (shared). */
import type { Tensor } from '@tensorflow/tfjs-core';
import { hold, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { WindowAttentionKernel, WindowAttentionOptions } from './index.ts';

type Gradients = { readonly qkv: Tensor; readonly bias?: Tensor };

/** @param gradients for dy; the bias's may be left out where it is not wanted */
export function keepingInputs(
  forward: (qkv: Tensor, bias: Tensor, options: WindowAttentionOptions) => Tensor,
  gradients: (qkv: Tensor, bias: Tensor, options: WindowAttentionOptions, dy: Tensor, wantsBias: boolean) => Gradients,
): WindowAttentionKernel {
  const apply = (qkv: Tensor, bias: Tensor, options: WindowAttentionOptions) =>
    scope(() => forward(qkv, bias, options));
  return {
    apply,
    trace(qkv, bias, options) {
      const value = apply(qkv, bias, options);
      const mask = options.mask && hold(options.mask);
      const kept = [hold(qkv), hold(bias), ...(mask ? [mask] : [])] as const;
      const own = { ...options, ...(mask && { mask }) };
      const pullback: OpPullback<'qkv' | 'bias'> = once(
        'windowAttention',
        kept,
        (dy: Tensor, wanted?: Wanted<'qkv' | 'bias'>) => {
          const wants = (name: 'qkv' | 'bias') => !wanted || wanted[name] === true;
          if (!wants('qkv') && !wants('bias')) return {};
          return scope(() => {
            const all = gradients(kept[0], kept[1], own, dy, wants('bias'));
            return {
              ...(wants('qkv') && { qkv: all.qkv }),
              ...(wants('bias') && all.bias && { bias: all.bias }),
            };
          });
        },
      );
      return { value, pullback };
    },
  };
}
