/** Mode `collect`: gradients are added up over one or more batches, clipped together, then every parameter is updated. */
import type { Parameter, Sink } from '@dr2net/ops';
import { dispose, keep, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { after, joined, replaced } from './chain.ts';
import type { Clip } from './clip.ts';
import { clipFactor, rootOfSum, sumOfSquares } from './norm.ts';
import type { OptimizerState } from './state.ts';
import type { GradientUse, StepUse } from './use.ts';

/** Gradients are added up over one or more batches, clipped together, then every parameter is updated (`update: 'collect'`). */
export class CollectedGradients implements GradientUse {
  readonly #gradients = new Map<Parameter, Tensor>();
  #step: StepUse | undefined;
  #weight: number | undefined;
  #total = 0;
  #norm: Scalar | undefined;

  constructor(
    private readonly state: OptimizerState,
    private readonly clip: Clip | undefined,
    /** Told of every gradient that is kept or being summed, for the memory meter. */
    private readonly onGradient: (gradient: Tensor) => void = () => {},
  ) {}

  begin(step: StepUse): void {
    this.abandon();
    this.#step = step;
  }

  /** Announces a batch of several that make one step: its mean gradient counts `samples` times. */
  weigh(samples: number): void {
    this.#weight = samples;
    this.#total += samples;
  }

  readonly sink: Sink = Object.assign((parameter: Parameter, gradient: Tensor) => this.#take(parameter, gradient), {
    summing: (gradient: Tensor) => this.onGradient(gradient),
  });

  norm(): Scalar | undefined {
    if (this.clip?.by !== 'global' || this.#gradients.size === 0) return undefined;
    this.#average();
    const squares = [...this.#gradients.values()].map(sumOfSquares);
    this.#norm?.dispose();
    this.#norm = keep(rootOfSum(squares));
    dispose(squares);
    return this.#norm.clone() as Scalar;
  }

  apply(): void {
    const step = this.#step;
    if (!step) return;
    this.#average();
    if (this.clip?.by === 'global' && !this.#norm) this.norm()?.dispose();
    const factor = this.#norm && this.clip ? clipFactor(this.#norm, this.clip.norm) : undefined;
    try {
      const all = [...this.#gradients];
      for (let first = 0; first < all.length; first += this.state.together) {
        const some = all.slice(first, first + this.state.together);
        const clipped = some.map(([parameter, gradient]) => [parameter, this.#clipped(gradient, factor)] as const);
        this.state.update(clipped, step.learningRate);
        for (const [i, [parameter, gradient]] of some.entries()) {
          if (clipped[i]![1] !== gradient) clipped[i]![1].dispose();
          gradient.dispose();
          this.#gradients.delete(parameter);
        }
      }
    } finally {
      factor?.dispose();
      this.abandon();
    }
  }

  abandon(): void {
    for (const gradient of this.#gradients.values()) gradient.dispose();
    this.#gradients.clear();
    this.#norm?.dispose();
    this.#norm = undefined;
    this.#step = undefined;
    this.#weight = undefined;
    this.#total = 0;
  }

  #clipped(gradient: Tensor, global: Scalar | undefined): Tensor {
    if (global) return mul(gradient, global);
    return this.clip?.by === 'parameter' ? clippedByItself(gradient, this.clip.norm) : gradient;
  }

  #take(parameter: Parameter, gradient: Tensor): void {
    if (!this.#step?.accepts(parameter)) {
      gradient.dispose();
      return;
    }
    const weight = this.#weight;
    const weighted = weight === undefined ? gradient : replaced(gradient, () => mul(gradient, weight));
    // A step may run inside someone's tidy; the gradients outlive it.
    const total = keep(joined(this.#gradients.get(parameter), weighted));
    this.#gradients.set(parameter, total);
    this.onGradient(total);
  }

  /** Sums weighted by samples become means, once. */
  #average(): void {
    if (this.#weight === undefined) return;
    for (const [parameter, gradient] of this.#gradients) {
      const mean = keep(after(mul(gradient, 1 / this.#total), gradient));
      this.#gradients.set(parameter, mean);
      this.onGradient(mean);
    }
    this.#weight = undefined;
  }
}

/** The gradient scaled to at most `limit` by its own norm. */
export function clippedByItself(gradient: Tensor, limit: number): Tensor {
  return tidy(() => {
    const factor = clipFactor(rootOfSum([sumOfSquares(gradient)]), limit);
    return mul(gradient, factor);
  });
}
