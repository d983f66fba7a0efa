/** `conventional`: every sub-block's internals are kept from the forward pass. For any (α, β). */
import type { Pullback } from '@dr2net/ops';
import { forward, readHead } from '../forward.ts';
import type { MethodImplementation } from '../recording.ts';
import { traceResidual } from '../residual.ts';

/** The method `conventional`: everything is kept. */
export const conventionalMethod: MethodImplementation<'conventional'> = {
  name: 'conventional',
  record(run, x0) {
    const pullbacks: Pullback[] = [];
    const dispose = () => {
      for (const pullback of pullbacks) pullback.dispose();
      pullbacks.length = 0;
    };
    try {
      const pair = forward(
        run,
        { last: x0, previous: x0 },
        {
          evaluate: (_run, i, x) => {
            const { pullback, ...residual } = traceResidual(run, i, x);
            pullbacks.push(pullback);
            return residual;
          },
        },
      );
      return {
        value: readHead(run, pair),
        rewind: (_i, a, sink) => pullbacks.pop()!(a, sink),
        report: {
          method: 'conventional',
          coefficients: run.coefficients,
          stateBytes: 0,
          sideBytes: 0,
          check: async () => ({}),
        },
        dispose,
      };
    } catch (error) {
      dispose();
      throw error;
    }
  },
};
