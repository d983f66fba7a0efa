/** Window attention as one recorded operation: all windows and heads at once. */
import { geometry } from '../attention/geometry.ts';
import { forwardOnly, record } from '../recorder/record.ts';
import type { WindowAttentionKernel } from './index.ts';

export const recorded: WindowAttentionKernel = {
  apply(qkv, bias, options) {
    const { heads, scale } = geometry(qkv, options);
    const { mask } = options;
    return record('Dr2netWindowAttention', { qkv, bias, ...(mask && { mask }) }, { heads, scale });
  },
  trace: () => forwardOnly('windowAttention'),
};
