/**
 * What a dry run of the recurrence is made of, and its arithmetic: x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1}. The files here
 * follow those of the same names in `@dr2net/core` call by call; a test holds every method's predicted peak against a metered one.
 */
import type { DryEngine, DryTensor } from '../engine.ts';
import type { DryExact } from '../kernels/exact.ts';
import type { KernelFamily } from '../kernels/family.ts';
import type { DryLayer, DrySink } from '../layer.ts';

export interface DryCoefficients {
  readonly alpha: number;
  readonly beta: number;
}

export interface DryRun {
  readonly engine: DryEngine;
  readonly family: Pick<KernelFamily, 'oneCall'>;
  readonly subBlocks: readonly DryLayer[];
  readonly coefficients: DryCoefficients;
  readonly read: 'last' | 'mean';
}

export interface DryExactRun extends DryRun {
  readonly exact: DryExact;
}

/** x_n and x_{n−1}. */
export interface DryPair {
  readonly last: DryTensor;
  readonly previous: DryTensor;
}

export interface DryRecording {
  readonly value: DryTensor;
  /** Takes a = a_{i+1} back through sub-block i, i = n − 1 … 0; absent where the run gives no gradient. */
  readonly rewind?: (i: number, a: DryTensor, sink: DrySink) => DryTensor;
}

export interface DryResidual {
  readonly f: DryTensor;
  readonly base: DryTensor;
}

export function applyResidual({ engine, subBlocks }: DryRun, i: number, x: DryTensor): DryResidual {
  const base = engine.share(x);
  return { f: subBlocks[i]!.apply(base), base };
}

export function traceResidual({ engine, subBlocks }: DryRun, i: number, x: DryTensor) {
  const base = engine.share(x);
  const { value, pullback } = subBlocks[i]!.trace(base);
  return { f: value, base, pullback };
}

/** F_i again, and a back through it: in parts at once, or the pullback after `use`. */
export function walkBack(
  run: DryRun,
  i: number,
  x: DryTensor,
  a: DryTensor,
  sink: DrySink,
  use: (residual: DryResidual) => void,
): DryTensor {
  const { engine, subBlocks } = run;
  const block = subBlocks[i]!;
  if (!block.revisit) {
    const { pullback, ...residual } = traceResidual(run, i, x);
    use(residual);
    return pullback(a, sink);
  }
  const base = engine.share(x);
  const { value, gradient } = block.revisit(base, a, sink);
  use({ f: value, base });
  return gradient;
}

/** f + α·x + β·previous (`dualResidual.update`). */
export function update(
  { engine, family, coefficients }: DryRun,
  f: DryTensor,
  x: DryTensor,
  previous: DryTensor,
): DryTensor {
  const { alpha, beta } = coefficients;
  return engine.within('states', () => {
    if (family.oneCall && alpha !== 0 && beta !== 0) return engine.op(f.size, f, x, previous);
    let next = f;
    for (const [state, coefficient] of [
      [x, alpha],
      [previous, beta],
    ] as const) {
      if (coefficient === 0) continue;
      const term = coefficient === 1 ? state : engine.op(state.size, state);
      const total = engine.op(term.size, term, next);
      if (term !== state) engine.free(term);
      if (next !== f) engine.free(next);
      next = total;
    }
    return next === f ? engine.share(f) : next;
  });
}

/** (next − f − α·x)/β (`dualResidual.inverse`). */
export function inverse(
  { engine, family, coefficients }: DryRun,
  next: DryTensor,
  f: DryTensor,
  x: DryTensor,
): DryTensor {
  const { alpha, beta } = coefficients;
  return engine.within('states', () => {
    if (family.oneCall && alpha !== 0) return engine.op(next.size, next, f, x);
    let rest = engine.op(next.size, next, f);
    if (alpha !== 0) {
      const term = alpha === 1 ? x : engine.op(x.size, x);
      rest = engine.after(engine.op(rest.size, rest, term), rest);
      if (term !== x) engine.free(term);
    }
    return beta === 1 ? rest : engine.after(engine.op(rest.size, rest), rest);
  });
}

export interface ForwardOptions {
  readonly visit?: (x: DryTensor, i: number) => void;
  readonly evaluate?: (run: DryRun, i: number, x: DryTensor) => DryResidual;
  readonly from?: number;
  readonly to?: number;
}

export function forward(run: DryRun, pair: DryPair, options: ForwardOptions = {}): DryPair {
  const { engine, coefficients } = run;
  const { visit, evaluate = applyResidual, from = 0, to = run.subBlocks.length } = options;
  let x = engine.share(pair.last);
  let previous = engine.share(pair.previous);
  visit?.(x, from);
  for (let i = from; i < to; i++) {
    if (coefficients.beta === 0) {
      engine.free(previous);
      previous = x;
    }
    const { f, base } = evaluate(run, i, x);
    const next = update(run, f, base, previous);
    engine.free(f, base);
    if (previous !== x) engine.free(previous);
    previous = x;
    x = next;
    visit?.(x, i + 1);
  }
  return { last: x, previous };
}

function mean(engine: DryEngine, { last, previous }: DryPair): DryTensor {
  const sum = engine.op(last.size, last, previous);
  return engine.after(engine.op(sum.size, sum), sum);
}

/** What the head reads; the pair is freed but for that. */
export function readHead({ engine, read }: DryRun, pair: DryPair): DryTensor {
  if (read === 'last') return engine.after(pair.last, pair.previous);
  return engine.after(mean(engine, pair), pair.last, pair.previous);
}

/** What the head reads of a pair that stays. */
export function peekHead({ engine, read }: DryRun, pair: DryPair): DryTensor {
  return read === 'last' ? engine.share(pair.last) : mean(engine, pair);
}
