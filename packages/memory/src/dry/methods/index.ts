/** The methods by name, dry, and the backward walk that they share. */
import type { DryTensor } from '../engine.ts';
import type { DrySink } from '../layer.ts';
import { checkpoint } from './checkpoint.ts';
import { conventional } from './conventional.ts';
import { type DryExactOptions, exact } from './exact.ts';
import { frozen } from './frozen.ts';
import { reversible } from './reversible.ts';
import { type DryExactRun, type DryRecording, type DryRun, shiftFactor, update } from './run.ts';

/** A method of `@dr2net/core` with what its memory follows from. */
export type DryMethod =
  | { readonly name: 'conventional' }
  | { readonly name: 'frozen' }
  | { readonly name: 'checkpoint'; readonly every: number }
  | { readonly name: 'reversible'; readonly anchors: readonly number[]; readonly sampled: boolean }
  | ({ readonly name: 'exact' } & DryExactOptions);

/** A run forward by a method, dry. */
export function record(run: DryExactRun, x0: DryTensor, method: DryMethod): DryRecording {
  switch (method.name) {
    case 'conventional':
      return conventional(run, x0);
    case 'frozen':
      return frozen(run, x0);
    case 'checkpoint':
      return checkpoint(run, x0, method.every);
    case 'reversible':
      return reversible(run, x0, method);
    case 'exact':
      return exact(run, x0, method);
  }
}

export interface DryRunGradient {
  readonly x0: DryTensor;
  /** Of the shift, where there is one. */
  readonly shift: DryTensor | undefined;
}

/** The gradients of x_0 and of the shift, after every parameter's went to the sink. */
export function backward(
  run: DryRun,
  rewind: NonNullable<DryRecording['rewind']>,
  dy: DryTensor,
  sink: DrySink,
): DryRunGradient {
  const { engine, read } = run;
  const { alpha, beta } = run.coefficients;
  let a = read === 'mean' ? engine.op(dy.size, dy) : engine.share(dy);
  let carry = read === 'mean' ? { gradient: engine.share(a), factor: 1 } : undefined;
  let shift: DryTensor | undefined;
  for (let i = run.subBlocks.length - 1; i >= 0; i--) {
    const through = rewind(i, a, sink);
    const factor = shiftFactor(run, i);
    if (factor !== undefined) {
      const own = update({ ...run, coefficients: { alpha: factor, beta: 0 } }, through, a, a);
      shift = shift ? engine.after(engine.op(own.size, shift, own), shift, own) : own;
    }
    const coefficients = { alpha: i === 0 ? alpha + beta : alpha, beta: carry?.factor ?? 0 };
    const before = update({ ...run, coefficients }, through, a, carry?.gradient ?? a);
    engine.free(through, carry?.gradient);
    if (beta === 0) engine.free(a);
    carry = beta === 0 ? undefined : { gradient: a, factor: beta };
    a = before;
  }
  engine.free(carry?.gradient);
  return { x0: a, shift };
}
