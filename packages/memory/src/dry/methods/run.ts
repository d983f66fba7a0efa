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

/** F_i, and where the run's shift p goes: on the skip path too, or inside the branch. */
export interface DrySubBlock extends DryLayer {
  readonly shift?: 'skip' | 'branch';
}

export interface DryRun {
  readonly engine: DryEngine;
  readonly family: Pick<KernelFamily, 'oneCall' | 'products' | 'loops'>;
  readonly subBlocks: readonly DrySubBlock[];
  readonly coefficients: DryCoefficients;
  readonly read: 'last' | 'mean';
  /** p, of a state's size; borrowed. */
  readonly shift?: DryTensor;
}

/** A dry run of the recurrence with what `exact` needs. */
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

/** What F_i reads: x_i, or x_i + p. */
function argument({ engine, subBlocks, shift }: DryRun, i: number, x: DryTensor): DryTensor {
  return subBlocks[i]!.shift && shift ? engine.op(x.size, x, shift) : engine.share(x);
}

/** From F_i's argument and output, both taken over. */
function finish({ engine, subBlocks, shift }: DryRun, i: number, x: DryTensor, z: DryTensor, f: DryTensor) {
  if (subBlocks[i]!.shift !== 'branch' || !shift) return { f, base: z };
  return { f: engine.after(engine.op(f.size, f, shift), f, z), base: engine.share(x) };
}

export function applyResidual(run: DryRun, i: number, x: DryTensor): DryResidual {
  const z = argument(run, i, x);
  return finish(run, i, x, z, run.subBlocks[i]!.apply(z));
}

export function traceResidual(run: DryRun, i: number, x: DryTensor) {
  const z = argument(run, i, x);
  const { value, pullback } = run.subBlocks[i]!.trace(z);
  return { ...finish(run, i, x, z, value), pullback };
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
  const block = run.subBlocks[i]!;
  if (!block.revisit) {
    const { pullback, ...residual } = traceResidual(run, i, x);
    use(residual);
    return pullback(a, sink);
  }
  const z = argument(run, i, x);
  const { value, gradient } = block.revisit(z, a, sink);
  use(finish(run, i, x, z, value));
  return gradient;
}

/** What p is multiplied by outside F_i; absent where it has no place there. */
export function shiftFactor({ subBlocks, coefficients }: DryRun, i: number): number | undefined {
  const place = subBlocks[i]!.shift;
  return place === 'skip' ? coefficients.alpha : place === 'branch' ? 1 : undefined;
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

/** x_{i+1}; in one operation at its end where the sub-block can. */
function step(run: DryRun, i: number, x: DryTensor, previous: DryTensor): DryTensor {
  const block = run.subBlocks[i]!;
  if (!block.applyWithResidual || block.shift) return updated(run, applyResidual(run, i, x), previous);
  const { alpha } = run.coefficients;
  return block.applyWithResidual(x, { x, previous, alpha, update: (f) => update(run, f, x, previous) });
}

/** x_{i+1} of a residual, which is taken over. */
function updated(run: DryRun, { f, base }: DryResidual, previous: DryTensor): DryTensor {
  return run.engine.after(update(run, f, base, previous), f, base);
}

export function forward(run: DryRun, pair: DryPair, options: ForwardOptions = {}): DryPair {
  const { engine, coefficients } = run;
  const { visit, evaluate, from = 0, to = run.subBlocks.length } = options;
  let x = engine.share(pair.last);
  let previous = engine.share(pair.previous);
  visit?.(x, from);
  for (let i = from; i < to; i++) {
    if (coefficients.beta === 0) {
      engine.free(previous);
      previous = x;
    }
    const next = evaluate ? updated(run, evaluate(run, i, x), previous) : step(run, i, x, previous);
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
