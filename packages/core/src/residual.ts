/**
 * One sub-block in the recurrence: what it adds, with the shift p where it has one.
 *
 *     none     x_{i+1} = F_i(x_i)           + α·x_i       + β·x_{i−1}
 *     skip     x_{i+1} = F_i(x_i + p)       + α·(x_i + p) + β·x_{i−1}
 *     branch   x_{i+1} = [p + F_i(x_i + p)] + α·x_i       + β·x_{i−1}
 */
import { type Pullback, scope, share } from '@dr2net/ops';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { holding } from './held.ts';
import { checkShape, type Run } from './run.ts';

/** What is added, and what α scales. Both owned by the caller. */
export interface Residual {
  readonly f: Tensor;
  readonly base: Tensor;
}

export interface TracedResidual extends Residual {
  readonly pullback: Pullback;
}

/** What F_i reads: x_i, or x_i + p. Owned by the caller. */
function argument(run: Run, i: number, x: Tensor): Tensor {
  return run.subBlocks[i]!.shift && run.shift ? add(x, run.shift) : share(x);
}

/** From F_i's argument z and output (both taken over) to what is added and what α scales. */
function finish(run: Run, i: number, x: Tensor, z: Tensor, value: Tensor): Residual {
  const { name, shift: place } = run.subBlocks[i]!;
  checkShape(`The output of ${name}`, value.shape, x.shape);
  if (place !== 'branch') return { f: value, base: z };
  const f = add(value, run.shift!);
  value.dispose();
  z.dispose();
  return { f, base: share(x) };
}

/** F_i and what α scales at the state x_i (borrowed), keeping nothing. */
export function applyResidual(run: Run, i: number, x: Tensor): Residual {
  return scope(() => {
    const z = argument(run, i, x);
    const { f, base } = finish(run, i, x, z, run.subBlocks[i]!.apply(z, run.contexts[i]!));
    return { f, base };
  });
}

/** The same bits, and the pullback of F_i. Not in a `tidy`: what the pullback keeps is not ours to free. */
export function traceResidual(run: Run, i: number, x: Tensor): TracedResidual {
  return holding((held) => {
    const z = held.add(argument(run, i, x));
    const { value, pullback } = run.subBlocks[i]!.trace(z, run.contexts[i]!);
    held.add(value);
    try {
      const residual = finish(run, i, x, z, value);
      held.release(z);
      held.release(value);
      return { ...residual, pullback };
    } catch (error) {
      pullback.dispose();
      throw error;
    }
  });
}

/** What the shift p of sub-block i is multiplied by outside F_i: α where it is on the skip path, 1 in the branch. */
export function shiftFactor(run: Run, i: number): number | undefined {
  const place = run.subBlocks[i]!.shift;
  return place === 'skip' ? run.coefficients.alpha : place === 'branch' ? 1 : undefined;
}
