/** Attention as one recorded operation: all heads at once, whatever their number. */
import { forwardOnly, record } from '../recorder/record.ts';
import { geometry } from './geometry.ts';
import type { AttentionKernel } from './index.ts';

export const recorded: AttentionKernel = {
  apply(qkv, options) {
    const { heads, scale } = geometry(qkv, options);
    return record('Dr2netAttention', { qkv }, { heads, scale });
  },
  trace: () => forwardOnly('attention'),
};
