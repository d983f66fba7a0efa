/** The recurrence in floating point: x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1}, x_{−1} = x_0. */
import { dualResidual, holding, scope, share } from '@dr2net/ops';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { applyResidual, type Residual } from './residual.ts';
import type { Run } from './run.ts';
import { checkShape } from './shape.ts';

/** x_n and x_{n−1}, owned by the caller. */
export interface StatePair {
  readonly last: Tensor;
  readonly previous: Tensor;
}

export interface ForwardOptions {
  /** Called with each state x_from … x_to, borrowed, as it is made. */
  readonly visit?: (x: Tensor, i: number) => void;
  /** How a sub-block is evaluated where more than the next state is wanted of it. */
  readonly evaluate?: (run: Run, i: number, x: Tensor) => Residual;
  /** The sub-block to begin with, and the one to stop before; all by default. */
  readonly from?: number;
  readonly to?: number;
}

/**
 * Runs sub-blocks `from` … `to` − 1 on the state pair (x_from, x_{from−1}), both borrowed. While a sub-block is evaluated
 * two states are alive, x_i and x_{i−1} (with β = 0 one); while its update is made two more, F_i(x_i) and x_{i+1}.
 */
export function forward(run: Run, pair: StatePair, options: ForwardOptions = {}): StatePair {
  const { visit, evaluate, from = 0, to = run.subBlocks.length } = options;
  return holding((held) => {
    let x = held.share(pair.last);
    let previous = held.share(pair.previous);
    visit?.(x, from);
    for (let i = from; i < to; i++) {
      if (run.coefficients.beta === 0) {
        held.free(previous);
        previous = x;
      }
      const next = held.add(evaluate ? updated(run, previous, evaluate(run, i, x)) : step(run, i, x, previous));
      if (previous !== x) held.free(previous);
      previous = x;
      x = next;
      visit?.(x, i + 1);
    }
    return { last: held.release(x), previous: held.release(previous) };
  });
}

/** The next state of a sub-block's output, which is taken over. */
function updated(run: Run, previous: Tensor, { f, base }: Residual): Tensor {
  try {
    return dualResidual.update(f, base, previous, run.coefficients);
  } finally {
    f.dispose();
    base.dispose();
  }
}

/** x_{i+1}; in one operation at its end where the sub-block can. */
function step(run: Run, i: number, x: Tensor, previous: Tensor): Tensor {
  const block = run.subBlocks[i]!;
  if (!block.applyWithResidual || block.shift) return updated(run, previous, applyResidual(run, i, x));
  return scope(() => {
    const next = block.applyWithResidual!(x, run.contexts[i]!, { x, previous, ...run.coefficients });
    checkShape(`The output of ${block.name}`, next.shape, x.shape);
    return next;
  });
}

/** What the head reads of the last pair. Takes the pair over: what is not returned is freed, also when it throws. */
export function readHead(run: Run, pair: StatePair): Tensor {
  try {
    return peekHead(run, pair);
  } finally {
    pair.last.dispose();
    pair.previous.dispose();
  }
}

const mean = (last: Tensor, previous: Tensor): Tensor => tidy(() => mul(add(last, previous), 0.5));

/** What the head reads of a pair that stays its holder's. */
export function peekHead(run: Run, { last, previous }: StatePair): Tensor {
  return run.read === 'last' ? share(last) : mean(last, previous);
}
