/**
 * `reversible`: the last state pair is kept, and earlier states are rebuilt in floating point,
 *
 *     x_{i−1} = (x_{i+1} − F_i(x_i) − α·x_i)/β                                   (arXiv 2401.04105, section 3)
 *
 * Rounding errors are amplified by about 2/(√(α²+4β) − α) a sub-block; anchors bound that, and are compared with what was
 * rebuilt (`report.check()`).
 *
 * F_i is evaluated once for the inverse and the vector-Jacobian product. States alive outside F_i's internals: while it is
 * traced x_{i+1}, x_i, a_{i+1}, a_{i+2} (4); while x_{i−1} is made F_i(x_i), x_{i−1} and a temporary more (7); while its pullback
 * runs, where its internals are largest, x_i, x_{i−1}, a_{i+1}, a_{i+2} (4); while a_i is made J_xᵀ a_{i+1} and a_i more (6).
 */
import { dualResidual, share } from '@dr2net/ops';
import { abs, div, max, stack, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { anchorPositions } from '../anchors.ts';
import { refuseZeroBeta } from '../coefficients.ts';
import type { Method } from '../contract.ts';
import { forward, peekHead } from '../forward.ts';
import { bytesOf, holding } from '../held.ts';
import { type Later, largestOf, readNumbers, whenRead } from '../later.ts';
import type { MethodImplementation } from '../recording.ts';
import { traceResidual } from '../residual.ts';

/** max|rebuilt − stored| / max|stored|, a scalar. */
function relativeError(rebuilt: Tensor, stored: Tensor): Tensor {
  return tidy(() => div(max(abs(sub(rebuilt, stored))), max(abs(stored))));
}

export const reversible: MethodImplementation<Extract<Method, { name: 'reversible' }>> = {
  coefficients(_method, coefficients) {
    refuseZeroBeta('reversible', coefficients);
    return coefficients;
  },

  record: (run, x0, { anchors }) =>
    holding((held) => {
      const positions = anchorPositions(anchors, run.subBlocks.length);
      const stored = new Map<number, Tensor>();
      // x_n and x_{n−1} are kept anyway.
      const n = run.subBlocks.length;
      const wanted = new Set(positions.flatMap((i) => [i, i - 1]).filter((i) => i >= 0 && i < n - 1));
      const pair = forward(
        run,
        { last: x0, previous: x0 },
        { visit: (x, i) => wanted.has(i) && stored.set(i, held.keep(share(x))) },
      );
      let next = held.keep(pair.last);
      let current = held.keep(pair.previous);
      const value = peekHead(run, pair);
      const errors: Tensor[] = [];
      let worst: Later<number | undefined>;

      /** Puts the stored state, where there is one, in the place of the rebuilt one. */
      const settle = (rebuilt: Tensor, i: number) => {
        const state = stored.get(i);
        if (!state) return rebuilt;
        errors.push(held.keep(relativeError(rebuilt, state)));
        held.free(rebuilt);
        stored.delete(i);
        return state;
      };

      return {
        value,
        rewind(i) {
          const { f, base, pullback } = traceResidual(run, i, current);
          held.add(f);
          held.add(base);
          try {
            const rebuilt = i > 0 ? held.keep(dualResidual.inverse(next, f, base, run.coefficients)) : undefined;
            held.free(f, base, next);
            next = current;
            if (rebuilt) current = settle(rebuilt, i - 1);
            else held.free(current);
            if (i === 0 && errors.length > 0) worst = whenRead(readNumbers(stack(errors)), largestOf);
            return pullback;
          } catch (error) {
            pullback.dispose();
            throw error;
          } finally {
            if (i === 0) held.free(...errors);
          }
        },
        report: {
          method: 'reversible',
          coefficients: run.coefficients,
          stateBytes: bytesOf([next, current, ...stored.values()]),
          sideBytes: 0,
          async check() {
            const worstAnchorError = await worst;
            return worstAnchorError === undefined ? {} : { worstAnchorError };
          },
        },
        dispose: () => held.dispose(),
      };
    }),
};
