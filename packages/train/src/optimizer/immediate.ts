/**
 * Mode `sink`: the optimizer is the gradient sink. Each parameter is updated the moment its gradient exists and the
 * gradient is freed, so gradients never all live at once. That is right because in a backward pass a sub-block's
 * parameters are read only before their own gradients are handed out: forward and rebuild of F_i come first, and what
 * the remaining pullback needs of a parameter it holds by itself. The exception is a parameter that several layers
 * share: its gradient is complete only after its last use, so it is updated at the end of the step. Which parameters
 * are shared is found by a backward pass that counts (`countUses`).
 */
import type { Parameter, Sink } from '@dr2net/ops';
import { dispose, keep, mul, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { SharedParameterError } from '../errors.ts';
import { joined } from './chain.ts';
import type { Clip } from './clip.ts';
import { clippedByItself } from './collect.ts';
import { rootOfSum, sumOfSquares } from './norm.ts';
import type { OptimizerState } from './state.ts';
import type { GradientUse, StepUse } from './use.ts';

/** Each parameter is updated the moment its gradient exists, and the gradient is freed (`update: 'sink'`). */
export class ImmediateUpdates implements GradientUse {
  /** The global norm of the step before; the loop reads it from the device, a checkpoint keeps it. */
  previousNorm: number | undefined;
  readonly #shared = new Set<Parameter>();
  readonly #waiting = new Map<Parameter, Tensor>();
  readonly #updated = new Set<Parameter>();
  #squares: Scalar[] = [];
  #step: StepUse | undefined;

  constructor(
    private readonly state: OptimizerState,
    private readonly clip: Clip | undefined,
    /** Told of every gradient that is kept (of shared parameters) or being summed, for the memory meter. */
    private readonly onGradient: (gradient: Tensor) => void = () => {},
  ) {}

  /** Whether a parameter has been updated in the step at hand. */
  get updating(): boolean {
    return this.#updated.size > 0;
  }

  /** Remembers the parameters that got more than one gradient in a counted pass. */
  share(uses: ReadonlyMap<Parameter, number>): void {
    for (const [parameter, count] of uses) if (count > 1) this.#shared.add(parameter);
  }

  begin(step: StepUse): void {
    this.abandon();
    this.#step = step;
  }

  readonly sink: Sink = Object.assign((parameter: Parameter, gradient: Tensor) => this.#take(parameter, gradient), {
    summing: (gradient: Tensor) => this.onGradient(gradient),
  });

  norm(): Scalar | undefined {
    return this.#squares.length > 0 ? rootOfSum(this.#squares) : undefined;
  }

  apply(): void {
    const step = this.#step;
    if (!step) return;
    for (const [parameter, gradient] of this.#waiting) {
      this.#use(parameter, gradient, step.learningRate);
      gradient.dispose();
      this.#waiting.delete(parameter);
    }
  }

  abandon(): void {
    dispose([...this.#waiting.values()]);
    this.#waiting.clear();
    dispose(this.#squares);
    this.#squares = [];
    this.#updated.clear();
    this.#step = undefined;
  }

  #use(parameter: Parameter, gradient: Tensor, learningRate: number): void {
    if (this.clip?.by === 'previous') this.#squares.push(keep(sumOfSquares(gradient)));
    const clipped = this.#clipped(gradient);
    this.state.update([[parameter, clipped]], learningRate);
    if (clipped !== gradient) clipped.dispose();
  }

  #take(parameter: Parameter, gradient: Tensor): void {
    const step = this.#step;
    if (!step?.accepts(parameter)) {
      gradient.dispose();
      return;
    }
    if (this.#shared.has(parameter)) {
      const total = keep(joined(this.#waiting.get(parameter), gradient));
      this.#waiting.set(parameter, total);
      this.onGradient(total);
      return;
    }
    try {
      if (this.#updated.has(parameter)) throw new SharedParameterError(parameter.name);
      this.#updated.add(parameter);
      this.#use(parameter, gradient, step.learningRate);
    } finally {
      gradient.dispose();
    }
  }

  #clipped(gradient: Tensor): Tensor {
    if (!this.clip) return gradient;
    if (this.clip.by === 'parameter' || this.previousNorm === undefined)
      return clippedByItself(gradient, this.clip.norm);
    const factor = this.clip.norm / (this.previousNorm + 1e-6);
    return factor < 1 ? mul(gradient, factor) : gradient;
  }
}

/**
 * A sink that frees every gradient and counts how many each parameter gets.
 * @param onGradient told of every gradient that is being summed, for the memory meter
 */
export function countUses(onGradient: (gradient: Tensor) => void = () => {}): {
  readonly sink: Sink;
  readonly uses: ReadonlyMap<Parameter, number>;
} {
  const uses = new Map<Parameter, number>();
  const count = (parameter: Parameter, gradient: Tensor) => {
    gradient.dispose();
    uses.set(parameter, (uses.get(parameter) ?? 0) + 1);
  };
  return { sink: Object.assign(count, { summing: onGradient }), uses };
}
