/** Batch normalisation over the last axis (Ioffe and Szegedy, arXiv 1502.03167). */
import {
  type BatchSums,
  batchNorm,
  type Context,
  type Differentiable,
  type Parameter,
  type PartStatistics,
  type Statistics,
  type Traced,
} from '@dr2net/ops';
import { add, dispose, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { traceWith } from './op-layer.ts';

/** Parameters of a {@link BatchNorm}; they stay the caller's. */
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

/** Batch normalisation of each channel (Ioffe and Szegedy, arXiv 1502.03167). */
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

  get gain(): Parameter {
    return this.parts.gain;
  }

  get bias(): Parameter {
    return this.parts.bias;
  }

  apply(x: Tensor): Tensor {
    return this.normalise(x, this.running);
  }

  trace(x: Tensor, context: Context): Traced {
    const { gain, bias, epsilon } = this.parts;
    const owners = { gain, bias };
    if (!this.byBatch(context))
      return traceWith(batchNorm.trace(x, gain.variable, bias.variable, this.running, epsilon), owners, 'x');
    const { statistics, ...traced } = batchNorm.traceBatch(x, gain.variable, bias.variable, epsilon);
    this.update(statistics, x.size / gain.size);
    dispose([statistics.mean, statistics.variance]);
    return traceWith(traced, owners, 'x');
  }

  /** Whether a trace in this context normalises by the batch's statistics. */
  byBatch({ training }: Context): boolean {
    return this.statistics === 'batch' || (this.statistics === 'training' && training);
  }

  /** The running statistics of now. */
  get running(): Statistics {
    return { mean: this.parts.mean.variable, variance: this.parts.variance.variable };
  }

  /** The statistics of a batch that comes in parts, which go into the running ones; owned by the caller. */
  settle(parts: readonly PartStatistics[]): Statistics {
    const statistics = batchNorm.merge(parts);
    this.update(
      statistics,
      parts.reduce((total, { count }) => total + count, 0),
    );
    return statistics;
  }

  /** By given statistics. */
  normalise(x: Tensor, statistics: Statistics): Tensor {
    const { gain, bias, epsilon } = this.parts;
    return batchNorm.apply(x, gain.variable, bias.variable, statistics, epsilon);
  }

  /** The gradients of gain and bias of some rows; those of parts add up. */
  sums(x: Tensor, dy: Tensor, statistics: Statistics): BatchSums {
    return batchNorm.sums(x, dy, statistics, this.parts.epsilon);
  }

  /** ∂L/∂x of some rows; `batch` is of all, null where the statistics are constants. */
  gradient(x: Tensor, dy: Tensor, statistics: Statistics, batch: { sums: BatchSums; count: number } | null): Tensor {
    return batchNorm.gradient(x, dy, this.parts.gain.variable, statistics, batch, this.parts.epsilon);
  }

  private update({ mean, variance }: Statistics, count: number): void {
    const { momentum } = this.parts;
    const blend = (parameter: Parameter, seen: Tensor, factor: number) =>
      parameter.assign(tidy(() => add(mul(parameter.variable, 1 - momentum), mul(seen, momentum * factor))));
    blend(this.parts.mean, mean, 1);
    blend(this.parts.variance, variance, count / Math.max(1, count - 1));
  }
}
