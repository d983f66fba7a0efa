/** What sub-blocks read, bit for bit. */
import type { Context } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { SubBlock } from '../src/index.ts';

/** Records the bits that each sub-block reads, going forward (`apply`) and back (`trace`). */
export function spied(subBlocks: readonly SubBlock[]) {
  const seen = subBlocks.map(() => ({ apply: [] as ArrayLike<number>[], trace: [] as ArrayLike<number>[] }));
  const spies = subBlocks.map((block, i) => ({
    ...block,
    apply(x: Tensor, context: Context) {
      seen[i]!.apply.push(x.dataSync().slice());
      return block.apply(x, context);
    },
    trace(x: Tensor, context: Context) {
      seen[i]!.trace.push(x.dataSync().slice());
      return block.trace(x, context);
    },
  }));
  return { spies, seen };
}
