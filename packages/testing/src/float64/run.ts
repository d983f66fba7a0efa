/**
 * The recurrence x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1} in float64 with everything kept, and its gradient: the truth that rebuilt
 * gradients are compared with. Independent of @dr2net/core and of the engine.
 */
import { combine } from './matrix.ts';
import type { Gradients, Part, Residual64 } from './residual.ts';

export interface Run64 {
  readonly residuals: readonly Residual64[];
  /** Where the shift enters sub-block i, as `SubBlock.shift`. */
  readonly places?: readonly ('skip' | 'branch' | undefined)[];
  readonly shift?: Float64Array;
  readonly x0: Float64Array;
  readonly cotangent: Float64Array;
  readonly alpha: number;
  readonly beta: number;
  readonly read?: 'last' | 'mean';
}

export interface Run64Result {
  /** x_0 … x_n. */
  readonly states: readonly Float64Array[];
  readonly x0: Float64Array;
  readonly shift: Float64Array | undefined;
  readonly parameters: Gradients;
}

const sum = (a: Float64Array, b: Float64Array, factor = 1) => combine(a, b, (x, y) => x + factor * y);

export function run64(run: Run64): Run64Result {
  const { residuals, places = [], x0, cotangent, alpha, beta, read = 'last' } = run;
  const states = [x0];
  const parts: Part[] = [];
  for (const [i, residual] of residuals.entries()) {
    const x = states[i]!;
    const z = places[i] ? sum(x, run.shift!) : x;
    const part = residual(z);
    const f = places[i] === 'branch' ? sum(part.value, run.shift!) : part.value;
    const base = places[i] === 'skip' ? z : x;
    const previous = states[Math.max(0, i - 1)]!;
    states.push(f.map((value, k) => value + alpha * base[k]! + beta * previous[k]!));
    parts.push(part);
  }
  const n = residuals.length;
  const zero = (): Float64Array => new Float64Array(x0.length);
  const toStates: Float64Array[] = Array.from({ length: n + 1 }, zero);
  toStates[n] = read === 'mean' ? cotangent.map((d) => d / 2) : cotangent;
  if (read === 'mean') toStates[n - 1] = cotangent.map((d) => d / 2);
  let shift = run.shift && zero();
  const parameters: Gradients = new Map();
  for (let i = n - 1; i >= 0; i--) {
    const a = toStates[i + 1]!;
    const through = parts[i]!.pullback(a, parameters);
    toStates[i] = sum(sum(toStates[i]!, through), a, alpha);
    const before = Math.max(0, i - 1);
    toStates[before] = sum(toStates[before]!, a, beta);
    if (places[i] && shift) shift = sum(sum(shift, through), a, places[i] === 'skip' ? alpha : 1);
  }
  return { states, x0: toStates[0]!, shift, parameters };
}
