/**
 * The backward walk, the same for every method. With a_{i+1} = ∂L/∂x_{i+1} complete, i = n − 1 … 0:
 *
 *     θ of F_i receives  J_θᵀ a_{i+1}
 *     a_i              = J_xᵀ a_{i+1} + α·a_{i+1} + β·a_{i+2}          a_{n+1} = 0
 *     x_0 receives besides β·a_1, since x_{−1} = x_0
 *     p receives         J_xᵀ a_{i+1} + α·a_{i+1}  (skip)  or  J_xᵀ a_{i+1} + a_{i+1}  (branch)
 *
 * That is the recurrence itself, run on gradients. Two states' worth of gradients are alive while F_i's pullback runs,
 * a_{i+1} and a_{i+2} (the latter not for β = 0), and two more while a_i is made: J_xᵀ a_{i+1} and a_i.
 */
import { dualResidual, type Held, holding, type Sink } from '@dr2net/ops';
import { add, mul, type Tensor } from '@tensorflow/tfjs-core';
import type { RunGradient } from './contract.ts';
import type { Recording } from './recording.ts';
import { shiftFactor } from './residual.ts';
import type { Run } from './run.ts';
import { SharedGradients } from './shared-gradients.ts';

/** A gradient that a state has to come, besides what its own sub-block sends: factor·gradient. */
interface Carry {
  readonly gradient: Tensor;
  readonly factor: number;
}

function sum(coefficient: number, through: Tensor, a: Tensor, carry?: Carry): Tensor {
  const coefficients = { alpha: coefficient, beta: carry?.factor ?? 0 };
  return dualResidual.update(through, a, carry?.gradient ?? a, coefficients);
}

function accumulateShift(held: Held, total: Tensor | undefined, through: Tensor, a: Tensor, factor: number): Tensor {
  const own = held.add(sum(factor, through, a));
  if (!total) return own;
  const next = held.add(add(total, own));
  held.free(total, own);
  return next;
}

export function backward(run: Run, rewind: NonNullable<Recording['rewind']>, dy: Tensor, sink: Sink): RunGradient {
  const { alpha, beta } = run.coefficients;
  return holding((held) => {
    let a = run.read === 'mean' ? held.add(mul(dy, 0.5)) : held.share(dy);
    let carry: Carry | undefined = run.read === 'mean' ? { gradient: held.share(a), factor: 1 } : undefined;
    let shift: Tensor | undefined;
    const shared = new SharedGradients(run, held, sink);
    for (let i = run.subBlocks.length - 1; i >= 0; i--) {
      const through = held.add(rewind(i, a, shared.sink));
      shared.finish(i);
      const factor = shiftFactor(run, i);
      if (factor !== undefined) shift = accumulateShift(held, shift, through, a, factor);
      const before = held.add(sum(i === 0 ? alpha + beta : alpha, through, a, carry));
      held.free(through, carry?.gradient);
      if (beta === 0) held.free(a);
      carry = beta === 0 ? undefined : { gradient: a, factor: beta };
      a = before;
    }
    held.free(carry?.gradient);
    return { x0: held.release(a), ...(shift && { shift: held.release(shift) }) };
  });
}
