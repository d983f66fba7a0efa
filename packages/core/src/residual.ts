/**
 * One sub-block in the recurrence: what it adds, with the shift p where it has one.
 *
 *     none     x_{i+1} = F_i(x_i)           + α·x_i       + β·x_{i−1}
 *     skip     x_{i+1} = F_i(x_i + p)       + α·(x_i + p) + β·x_{i−1}
 *     branch   x_{i+1} = [p + F_i(x_i + p)] + α·x_i       + β·x_{i−1}
 */
import { holding, type Pullback, type Sink, scope, share } from '@dr2net/ops';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { Run } from './run.ts';
import { checkShape } from './shape.ts';

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

/**
 * Evaluates F_i again at the state x_i (borrowed) and takes a = a_{i+1} (borrowed) back through it.
 * @param use takes over what is added and what α scales, and does what has to be done with them: before the pullback runs, so that what
 * it frees is not alive then; afterwards where the sub-block makes both at once, in parts
 * @returns J_xᵀ·a
 */
export function walkBack(
  run: Run,
  i: number,
  x: Tensor,
  a: Tensor,
  sink: Sink,
  use: (residual: Residual) => void,
): Tensor {
  const [block, context] = [run.subBlocks[i]!, run.contexts[i]!];
  if (!block.revisit || context.chunks === 1) {
    const { pullback, ...residual } = traceResidual(run, i, x);
    try {
      use(residual);
    } catch (error) {
      pullback.dispose();
      throw error;
    }
    return pullback(a, sink);
  }
  return holding((held) => {
    const z = held.add(argument(run, i, x));
    const { value, gradient } = block.revisit!(z, a, context, sink);
    held.add(value);
    held.add(gradient);
    const residual = finish(run, i, x, z, value);
    held.release(z);
    held.release(value);
    use(residual);
    return held.release(gradient);
  });
}

/** What the shift p of sub-block i is multiplied by outside F_i: α where it is on the skip path, 1 in the branch. */
export function shiftFactor(run: Run, i: number): number | undefined {
  const place = run.subBlocks[i]!.shift;
  return place === 'skip' ? run.coefficients.alpha : place === 'branch' ? 1 : undefined;
}
