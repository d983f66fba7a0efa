/** Batch normalisation over the last axis (Ioffe and Szegedy, arXiv 1502.03167). */
import {
  batchNorm,
  type Context,
  type Differentiable,
  type Parameter,
  type Statistics,
  type Traced,
} from '@dr2net/ops';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { traceWith } from './op-layer.ts';

export interface BatchNormParts {
  /** [width] each. */
  readonly gain: Parameter;
  readonly bias: Parameter;
  /** Running statistics [width]; not trained. */
  readonly mean: Parameter;
  readonly variance: Parameter;
  readonly epsilon: number;
  /** What a step's statistics count in the running ones. */
  readonly momentum: number;
}

/** `training`: the batch's where the context trains, otherwise the running ones. */
export type NormStatistics = 'running' | 'batch' | 'training';

export class BatchNorm implements Differentiable {
  readonly parameters: readonly Parameter[];
  /**
   * By what a trace normalises: the running statistics (default), or the batch's, which then go into the running ones (the variance as
   * that of a sample, n − 1). `apply` is by the running ones. Inside a sub-block only the running ones are the same in a rebuild.
   */
  statistics: NormStatistics = 'running';

  constructor(private readonly parts: BatchNormParts) {
    parts.mean.trainable = false;
    parts.variance.trainable = false;
    this.parameters = [parts.gain, parts.bias, parts.mean, parts.variance];
  }

  apply(x: Tensor): Tensor {
    const { gain, bias, epsilon } = this.parts;
    return batchNorm.apply(x, gain.variable, bias.variable, this.running, epsilon);
  }

  trace(x: Tensor, { training }: Context): Traced {
    const { gain, bias, epsilon } = this.parts;
    const owners = { gain, bias };
    if (this.statistics === 'running' || (this.statistics === 'training' && !training))
      return traceWith(batchNorm.trace(x, gain.variable, bias.variable, this.running, epsilon), owners, 'x');
    const { statistics, ...traced } = batchNorm.traceBatch(x, gain.variable, bias.variable, epsilon);
    this.update(statistics, x.size / gain.size);
    return traceWith(traced, owners, 'x');
  }

  private get running(): Statistics {
    return { mean: this.parts.mean.variable, variance: this.parts.variance.variable };
  }

  /** Takes the statistics over. */
  private update({ mean, variance }: Statistics, count: number): void {
    const { momentum } = this.parts;
    const blend = (parameter: Parameter, seen: Tensor, factor: number) =>
      parameter.assign(tidy(() => add(mul(parameter.variable, 1 - momentum), mul(seen, momentum * factor))));
    blend(this.parts.mean, mean, 1);
    blend(this.parts.variance, variance, count / Math.max(1, count - 1));
    mean.dispose();
    variance.dispose();
  }
}
