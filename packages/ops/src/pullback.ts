/**
 * The pullback: the notion that every op, layer and run of this project is built on.
 *
 * An op or a layer runs in two ways. `apply` keeps nothing. `trace` keeps what its pullback needs; the pullback takes
 * the gradient of the output to the gradient of the input, once, hands each parameter's gradient to a sink the moment
 * it exists, and frees what was kept. Arguments are borrowed, results are owned by the caller.
 */
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import type { Context } from './context.ts';
import type { ResidualTerms } from './dual-residual/index.ts';
import type { Parameter } from './parameter.ts';

/**
 * Receives a parameter's gradient, of the parameter's shape, and OWNS it: the sink disposes it or keeps it.
 * It may be called several times for one parameter in one backward pass (a shared parameter): gradients add up.
 */
export interface Sink {
  (parameter: Parameter, gradient: Tensor): void;
  /**
   * Is shown (not given) a gradient that is still being summed, each time it is a new tensor: for a meter, which sets gradients apart
   * from activations.
   */
  summing?(gradient: Tensor): void;
}

/**
 * Takes dL/dy to dL/dx, once, and frees what the trace kept. `dy` is borrowed, the result is owned by the caller.
 * Call `dispose()` instead when the backward pass is not going to run.
 */
export interface Pullback {
  (dy: Tensor, sink: Sink): Tensor;
  dispose(): void;
}

/** The value of a traced computation, owned by the caller, and its pullback. */
export interface Traced {
  readonly value: Tensor;
  readonly pullback: Pullback;
}

/** F(x) and ∂L/∂x of one evaluation. Both owned by the caller. */
export interface Revisited {
  readonly value: Tensor;
  readonly gradient: Tensor;
}

/** A differentiable function of one tensor with parameters: a layer, a sub-block F_i, a stem, a head. */
export interface Differentiable {
  readonly parameters: readonly Parameter[];
  apply(x: Tensor, context: Context): Tensor;
  trace(x: Tensor, context: Context): Traced;
  /**
   * F(x) + α·x_i + β·x_{i−1} in one operation, where the layer ends in one that can add as it stores. The same as `apply` and
   * `dualResidual.update` after it, to the last bits.
   */
  applyWithResidual?(x: Tensor, context: Context, terms: ResidualTerms): Tensor;
  /**
   * F(x), bit for bit as `apply` gives it, and the gradients, at once: for a backward pass that evaluates F again and knows ∂L/∂F(x) =
   * dy before it does. The layer works in `context.chunks` parts, and a part goes forward and back before the next one begins, so that
   * the internals of one part are alive at a time and nothing is evaluated twice. x and dy are borrowed.
   */
  revisit?(x: Tensor, dy: Tensor, context: Context, sink: Sink): Revisited;
  /** Set where F multiplies each number by a factor that does not depend on x: then `apply` takes dL/dy to dL/dx too. */
  readonly diagonal?: true;
}

/** What an op's pullback can give: a gradient by input name; only the wanted ones are computed. */
export type Wanted<Name extends string> = Partial<Record<Name, boolean>>;

/** The pullback of an op over several tensors. Gradients that were not wanted are absent. All are wanted by default. */
export interface OpPullback<Name extends string> {
  (dy: Tensor, wanted?: Wanted<Name>): Partial<Record<Name, Tensor>>;
  dispose(): void;
}

/** The value of a traced op, owned by the caller, and its pullback. */
export interface TracedOp<Name extends string> {
  readonly value: Tensor;
  readonly pullback: OpPullback<Name>;
}

/** Thrown when a pullback runs a second time: what it kept is gone. */
export class PullbackSpentError extends Error {
  override readonly name = 'PullbackSpentError';
  constructor(what: string) {
    super(`The pullback of ${what} has already run or was disposed; trace again to get a new one.`);
  }
}

/**
 * Makes a once-only function that frees `kept` after it ran, also when it throws.
 * @param what named in the error when it is called twice
 * @param kept tensors owned by the pullback
 */
export function once<Arguments extends unknown[], Result>(
  what: string,
  kept: readonly (Tensor | Pullback | OpPullback<never> | { dispose(): void })[],
  run: (...args: Arguments) => Result,
): ((...args: Arguments) => Result) & { dispose(): void } {
  let spent = false;
  const free = () => {
    spent = true;
    for (const item of kept) item.dispose();
  };
  const pullback = (...args: Arguments): Result => {
    if (spent) throw new PullbackSpentError(what);
    spent = true;
    try {
      return run(...args);
    } finally {
      free();
    }
  };
  return Object.assign(pullback, {
    dispose: () => {
      if (!spent) free();
    },
  });
}

/** A sink that frees every gradient at once: for measuring, or when only the input's gradient is wanted. */
export const discard: Sink = (_parameter, gradient) => dispose(gradient);
