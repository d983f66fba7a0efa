/**
 * `exact`: states are int32 on a grid of 2⁻ᶠ, and earlier ones are rebuilt bit for bit from the last pair and a few bits an
 * element (the op, its mathematics and its prior art: `exact` in @dr2net/ops). Works where floating point does not, at
 * β = 1/64 as well as at 1. Where the states grow by much, f falls on the way (exact-growth.ts).
 *
 * F_i reads the float value of the grid state, in the forward pass and in the rebuild; the gradient takes rounding as the
 * identity. States alive outside F_i's internals: while it is traced X_{i+1}, X_i, a_{i+1}, a_{i+2} and the float x_i that F_i
 * reads (5); while X_{i−1} is made F_i(x_i) and X_{i−1} more (6 and x_i where the pullback keeps it); while its pullback runs
 * X_i, X_{i−1}, a_{i+1}, a_{i+2} (4); while a_i is made J_xᵀ a_{i+1} and a_i more (6). The side information of sub-block 0 is not kept.
 */
import { holding, exact as op, share } from '@dr2net/ops';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { bytesOf } from '../bytes.ts';
import { coarsenPair, type LostBits, refinePair } from '../coarser-pair.ts';
import { gridsFor } from '../exact-grid.ts';
import { peekHead } from '../forward.ts';
import type { Later } from '../later.ts';
import { RangeCheck } from '../range.ts';
import { RebuildCheck } from '../rebuild-check.ts';
import type { MethodImplementation } from '../recording.ts';
import { applyResidual, type Residual, walkBack } from '../residual.ts';
import type { Run } from '../run.ts';

/** What is added to integer states: a shift on the skip path joins F_i, f + α·p. Takes the residual over. */
function folded(run: Run, i: number, { f, base }: Residual): Tensor {
  base.dispose();
  if (run.subBlocks[i]!.shift !== 'skip' || !run.shift) return f;
  const { shift } = run;
  const result = tidy(() => add(f, mul(shift, run.coefficients.alpha)));
  f.dispose();
  return result;
}

/** The method `exact`: earlier states are rebuilt bit for bit, in fixed point. */
export const exactMethod: MethodImplementation<'exact'> = {
  name: 'exact',
  record: (run, x0, method) =>
    holding((held) => {
      const n = run.subBlocks.length;
      const grids = gridsFor(method, run, x0);
      const [first, last] = [grids[0]!.fractionBits, grids[n - 1]!.fractionBits];
      /** Bits that the pair loses before sub-block i. */
      const lostBefore = (i: number) => (i === 0 ? 0 : grids[i - 1]!.fractionBits - grids[i]!.fractionBits);

      // Forward. `current` is X_i, `neighbour` X_{i−1}; in the walk back it is X_{i+1}.
      let current = held.keep(op.quantize(x0, first));
      let neighbour = held.keep(share(current));
      const range = new RangeCheck(run, grids, held);
      range.note(op.largest(current));
      const verify = method.verify ? new RebuildCheck(run, grids, held, current) : undefined;
      const sides: (Tensor | undefined)[] = [];
      const lost: (LostBits | undefined)[] = [];
      for (let i = 0; i < n; i++) {
        const grid = grids[i]!;
        const bits = lostBefore(i);
        if (bits > 0) {
          const pair = { now: current, before: neighbour };
          ({ now: current, before: neighbour, lost: lost[i] } = coarsenPair(held, pair, bits));
        }
        const x = held.add(op.dequantize(current, grid.fractionBits));
        verify?.forward(x);
        const f = held.add(folded(run, i, applyResidual(run, i, x)));
        held.free(x);
        if (i === 0) verify?.output(f);
        const { next, side, largest } = op.update(f, current, neighbour, grid);
        held.keep(next);
        held.keep(side);
        held.free(f, neighbour);
        if (i === 0) held.free(side);
        sides.push(i === 0 ? undefined : side);
        neighbour = current;
        current = next;
        range.note(largest);
      }
      const seen = range.result();
      if (seen instanceof Promise) seen.then(({ onLastGrid }) => run.scale?.observe(onLastGrid)).catch(() => {});
      else run.scale?.observe(seen.onLastGrid);
      const floats = { last: held.add(op.dequantize(current, last)) };
      const pair = {
        ...floats,
        previous: run.read === 'last' ? floats.last : held.add(op.dequantize(neighbour, last)),
      };
      const value = peekHead(run, pair);
      held.free(pair.last, pair.previous);
      const bytes = bytesOf([current, neighbour]) + (verify && n > 1 ? bytesOf([current]) : 0);
      const lostSides = lost.flatMap((pair) => (pair ? [pair.now, pair.before] : []));
      const sideBytes = bytesOf([...sides, ...lostSides].filter((side) => side !== undefined));
      [current, neighbour] = [neighbour, current];
      let identical: Later<true> | undefined;

      return {
        value,
        rewind(i, a, sink) {
          const grid = grids[i]!;
          const x = held.add(op.dequantize(current, grid.fractionBits));
          verify?.backward(x);
          return walkBack(run, i, x, a, sink, (residual) => {
            const f = held.add(folded(run, i, residual));
            held.free(x);
            if (i === 0) verify?.output(f);
            const side = sides[i];
            const before = side && held.keep(op.inverse(neighbour, f, current, side, grid));
            held.free(f, neighbour, side);
            if (i === 0) identical = verify?.finish(current);
            neighbour = current;
            if (before) current = before;
            else held.free(current);
            const bits = lost[i];
            if (bits) {
              const pair = { now: neighbour, before: current };
              ({ now: neighbour, before: current } = refinePair(held, pair, bits));
            }
          });
        },
        report: {
          method: 'exact',
          coefficients: run.coefficients,
          stateBytes: bytes,
          sideBytes,
          fractionBits: last,
          ...(first !== last && { firstFractionBits: first }),
          async check() {
            // Both end before either is judged, so that nothing is still being read when this is over.
            const [range, rebuild] = await Promise.allSettled([seen, identical]);
            if (range.status === 'rejected') throw range.reason;
            if (rebuild.status === 'rejected') throw rebuild.reason;
            return { largest: range.value.largest, ...(rebuild.value && { identical: rebuild.value }) };
          },
        },
        dispose: () => held.dispose(),
      };
    }),
};
