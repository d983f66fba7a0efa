/**
 * `checkpoint` (Chen et al., arXiv 1604.06174, with one sub-block's internals alive at a time): the states at every
 * `every`-th sub-block are kept, those between are computed again, and each sub-block is traced again. For any (α, β).
 *
 * Kept: with every = 1 the n states; with every = k about 2n/k (a state pair a segment; with β = 0 one state), and k more
 * while a segment is walked. Price: one extra forward for k = 1, less than two for k > 1.
 */
import { holding, share } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { bytesOf } from '../bytes.ts';
import { forward, peekHead } from '../forward.ts';
import type { MethodImplementation } from '../recording.ts';
import { walkBack } from '../residual.ts';

/** The method `checkpoint`: some states are kept, and the sub-blocks between them run again. */
export const checkpointMethod: MethodImplementation<'checkpoint'> = {
  name: 'checkpoint',
  record: (run, x0, { every = 1 }) =>
    holding((held) => {
      const n = run.subBlocks.length;
      const states = new Map<number, Tensor>();
      const remember = (x: Tensor, i: number) => {
        if (!states.has(i)) states.set(i, held.keep(share(x)));
      };
      const isKept = (i: number) =>
        i < n && (i % every === 0 || (run.coefficients.beta !== 0 && (i + 1) % every === 0 && i + 1 < n));
      const pair = forward(run, { last: x0, previous: x0 }, { visit: (x, i) => isKept(i) && remember(x, i) });
      const value = peekHead(run, pair);
      pair.last.dispose();
      pair.previous.dispose();

      /** Computes x_{s+1} … x_i again, s the last kept state before i. */
      const recompute = (i: number) => {
        const start = i - (i % every);
        const last = states.get(start)!;
        const again = forward(
          run,
          { last, previous: states.get(start - 1) ?? last },
          { from: start, to: i, visit: remember },
        );
        again.last.dispose();
        again.previous.dispose();
      };

      return {
        value,
        rewind(i, a, sink) {
          if (!states.has(i)) recompute(i);
          const x = states.get(i)!;
          return walkBack(run, i, x, a, sink, ({ f, base }) => {
            f.dispose();
            base.dispose();
            held.free(x);
            states.delete(i);
          });
        },
        report: {
          method: 'checkpoint',
          coefficients: run.coefficients,
          stateBytes: bytesOf(states.values()),
          sideBytes: 0,
          check: async () => ({}),
        },
        dispose: () => held.dispose(),
      };
    }),
};
