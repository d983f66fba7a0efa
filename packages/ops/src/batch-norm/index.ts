/**
 * Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167) over all but the last axis: by running statistics, which are constants, or by
 * those of the batch, through which the gradient goes.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { channels, expectShape } from '../check.ts';
import type { TracedOp } from '../pullback.ts';
import { byBatch, byRunning, normalise, statisticsOf } from './reference.ts';

export type Names = 'x' | 'gain' | 'bias';

/** Mean and variance of each channel, [C] both. */
export interface Statistics {
  readonly mean: Tensor;
  /** Of the batch itself, divided by its size. */
  readonly variance: Tensor;
}

export interface TracedBatch extends TracedOp<Names> {
  /** Owned by the caller. */
  readonly statistics: Statistics;
}

export interface BatchNormKernel {
  /** x [..., C], gain, bias, mean and variance [C] → (x − mean)/√(variance + ε)·gain + bias */
  apply(x: Tensor, gain: Tensor, bias: Tensor, statistics: Statistics, epsilon: number): Tensor;
  trace(x: Tensor, gain: Tensor, bias: Tensor, statistics: Statistics, epsilon: number): TracedOp<Names>;
  /** The statistics of x [..., C], owned by the caller. */
  statistics(x: Tensor): Statistics;
  /** By the statistics of x itself. */
  traceBatch(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): TracedBatch;
}

function check(x: Tensor, vectors: Readonly<Record<string, Tensor>>): void {
  const width = channels('batchNorm', x);
  for (const [name, vector] of Object.entries(vectors))
    expectShape('batchNorm', name, vector, [width], `x is [${x.shape}]`);
}

/** Batch normalisation. The traces keep x, gain and the statistics (shared). Plain operations, on every backend. */
export const batchNorm: BatchNormKernel = {
  apply(x, gain, bias, statistics, epsilon) {
    check(x, { gain, bias, ...statistics });
    return normalise(x, gain, bias, statistics, epsilon);
  },
  trace(x, gain, bias, statistics, epsilon) {
    check(x, { gain, bias, ...statistics });
    return byRunning(x, gain, bias, statistics, epsilon);
  },
  statistics: statisticsOf,
  traceBatch(x, gain, bias, epsilon) {
    check(x, { gain, bias });
    return byBatch(x, gain, bias, epsilon);
  },
};
