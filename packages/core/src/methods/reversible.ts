/**
 * `reversible`: the last state pair is kept, and earlier states are rebuilt in floating point,
 *
 *     x_{i−1} = (x_{i+1} − F_i(x_i) − α·x_i)/β                                   (arXiv 2401.04105, section 3)
 *
 * Rounding errors are amplified in every sub-block (`rebuild-error.ts`); anchors, more stored state pairs, bound that: as many as the
 * tolerance needs, and each is compared with what was rebuilt (`report.check()`).
 *
 * F_i is evaluated once for the inverse and the vector-Jacobian product. States alive outside F_i's internals: while it is
 * traced x_{i+1}, x_i, a_{i+1}, a_{i+2} (4); while x_{i−1} is made F_i(x_i), x_{i−1} and a temporary more (7); while its pullback
 * runs, where its internals are largest, x_i, x_{i−1}, a_{i+1}, a_{i+2} (4); while a_i is made J_xᵀ a_{i+1} and a_i more (6). In parts
 * (`context.chunks`): x_{i+1}, x_i, a_{i+1}, a_{i+2}, and F_i(x_i) and J_xᵀ a_{i+1} as they grow (6); then x_{i−1} more (7).
 */
import { dualResidual, holding, share } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { AnchorCheck } from '../anchor-check.ts';
import { rebuiltStates } from '../anchor-plan.ts';
import { anchorPositions, toleranceOf } from '../anchors.ts';
import { bytesOf } from '../bytes.ts';
import { forward, peekHead } from '../forward.ts';
import type { MethodImplementation } from '../recording.ts';
import { walkBack } from '../residual.ts';

/** The method `reversible`: earlier states are rebuilt in floating point, between anchors. */
export const reversibleMethod: MethodImplementation<'reversible'> = {
  name: 'reversible',
  record: (run, x0, method) =>
    holding((held) => {
      const n = run.subBlocks.length;
      const positions = anchorPositions(method, run.coefficients, n, run.anchors?.factor);
      const check = new AnchorCheck(run, held, rebuiltStates(run.coefficients, n, positions), toleranceOf(method));
      check.sampleFirst(x0);
      const stored = new Map<number, Tensor>();
      // x_n and x_{n−1} are kept anyway.
      const wanted = new Set(positions.flatMap((i) => [i, i - 1]).filter((i) => i >= 0 && i < n - 1));
      const pair = forward(
        run,
        { last: x0, previous: x0 },
        { visit: (x, i) => wanted.has(i) && stored.set(i, held.keep(share(x))) },
      );
      let next = held.keep(pair.last);
      let current = held.keep(pair.previous);
      const value = peekHead(run, pair);

      /** Puts the stored state, where there is one, in the place of the rebuilt one. */
      const settle = (rebuilt: Tensor, i: number) => {
        const state = stored.get(i);
        if (!state) return rebuilt;
        check.compare(rebuilt, state, i);
        held.free(rebuilt);
        stored.delete(i);
        return state;
      };

      return {
        value,
        rewind: (i, a, sink) =>
          walkBack(run, i, current, a, sink, ({ f, base }) => {
            held.add(f);
            held.add(base);
            const rebuilt = i > 0 ? held.keep(dualResidual.inverse(next, f, base, run.coefficients)) : undefined;
            held.free(f, base, next);
            next = current;
            if (rebuilt) current = settle(rebuilt, i - 1);
            else {
              check.finish(current);
              held.free(current);
            }
          }),
        report: {
          method: 'reversible',
          coefficients: run.coefficients,
          stateBytes: bytesOf([next, current, ...stored.values(), ...check.kept]),
          sideBytes: 0,
          anchors: positions.length,
          check: () => check.result(),
        },
        dispose: () => held.dispose(),
      };
    }),
};
