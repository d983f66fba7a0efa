/**
 * Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167) over all but the last axis: by running statistics, which are constants, or by
 * those of the batch, through which the gradient goes. A batch may come in parts: their statistics are merged, then each part is normalised;
 * backwards the parts' sums are added up, then each part gets its gradient.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { channels, expectShape } from '../check.ts';
import { hold, scope } from '../engine.ts';
import { type OpPullback, once, type TracedOp, type Wanted } from '../pullback.ts';
import { byBatch, byRunning, mergeStatistics, normalise, statisticsOf, sumsOf } from './reference.ts';

export type Names = 'x' | 'gain' | 'bias';

/** Mean and variance of each channel, [C] both. */
export interface Statistics {
  readonly mean: Tensor;
  /** Of the batch itself, divided by its size. */
  readonly variance: Tensor;
}

/** Those of some of the rows. */
export interface PartStatistics extends Statistics {
  /** Rows, ≥ 1. */
  readonly count: number;
}

/** The gradients of gain and bias [C], which are also what the gradient of x takes of the other rows. */
export interface BatchSums {
  /** Σ dy·(x − mean)/√(variance + ε) */
  readonly gain: Tensor;
  /** Σ dy */
  readonly bias: Tensor;
}

export interface TracedBatch extends TracedOp<Names> {
  /** Owned by the caller. */
  readonly statistics: Statistics;
}

/** What an implementation of {@link batchNorm} does. */
export interface BatchNormKernel {
  /** x [..., C], gain, bias, mean and variance [C] → (x − mean)/√(variance + ε)·gain + bias */
  apply(x: Tensor, gain: Tensor, bias: Tensor, statistics: Statistics, epsilon: number): Tensor;
  trace(x: Tensor, gain: Tensor, bias: Tensor, statistics: Statistics, epsilon: number): TracedOp<Names>;
  /** The statistics of x [..., C], owned by the caller. */
  statistics(x: Tensor): Statistics;
  /** The statistics of all parts' rows, owned by the caller; as accurate as those of the whole. */
  merge(parts: readonly PartStatistics[]): Statistics;
  /** By the statistics of x itself. */
  traceBatch(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): TracedBatch;
  /** Of some rows x and dy [..., C]; those of parts add up. */
  sums(x: Tensor, dy: Tensor, statistics: Statistics, epsilon: number): BatchSums;
  /**
   * The gradient of some rows x [..., C] for dy.
   * @param batch of all rows, whose statistics they were normalised by; null where these are constants
   */
  gradient(
    x: Tensor,
    dy: Tensor,
    gain: Tensor,
    statistics: Statistics,
    batch: { readonly sums: BatchSums; readonly count: number } | null,
    epsilon: number,
  ): Tensor;
}

function check(x: Tensor, vectors: Readonly<Record<string, Tensor>>): void {
  const width = channels('batchNorm', x);
  for (const [name, vector] of Object.entries(vectors))
    expectShape('batchNorm', name, vector, [width], `x is [${x.shape}]`);
}

type Kept = readonly [x: Tensor, gain: Tensor, mean: Tensor, variance: Tensor];

function pullbackOf(kept: Kept, epsilon: number, batch: boolean): OpPullback<Names> {
  const [x, gain, mean, variance] = kept;
  return once('batchNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
    scope(() => {
      const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
      const statistics = { mean, variance };
      const summed = want('gain') || want('bias') || (batch && want('x'));
      const sums = summed ? sumsOf(x, dy, statistics, epsilon) : null;
      const count = x.size / gain.size;
      return {
        ...(sums && want('gain') && { gain: sums.gain }),
        ...(sums && want('bias') && { bias: sums.bias }),
        ...(want('x') && {
          x:
            batch && sums
              ? byBatch(x, dy, gain, statistics, { sums, count }, epsilon)
              : byRunning(dy, gain, statistics, epsilon),
        }),
      };
    }),
  );
}

function traced(x: Tensor, gain: Tensor, bias: Tensor, statistics: Statistics, epsilon: number, batch: boolean) {
  const value = normalise(x, gain, bias, statistics, epsilon);
  const kept = [hold(x), hold(gain), hold(statistics.mean), hold(statistics.variance)] as const;
  return { value, pullback: pullbackOf(kept, epsilon, batch) };
}

/** Batch normalisation. The traces keep x, gain and the statistics (shared). Plain operations, on every backend. */
export const batchNorm: BatchNormKernel = {
  apply(x, gain, bias, statistics, epsilon) {
    check(x, { gain, bias, mean: statistics.mean, variance: statistics.variance });
    return normalise(x, gain, bias, statistics, epsilon);
  },
  trace(x, gain, bias, statistics, epsilon) {
    check(x, { gain, bias, mean: statistics.mean, variance: statistics.variance });
    return traced(x, gain, bias, statistics, epsilon, false);
  },
  statistics: statisticsOf,
  merge: mergeStatistics,
  traceBatch(x, gain, bias, epsilon) {
    check(x, { gain, bias });
    const statistics = statisticsOf(x);
    return { statistics, ...traced(x, gain, bias, statistics, epsilon, true) };
  },
  sums: sumsOf,
  gradient: (x, dy, gain, statistics, batch, epsilon) =>
    batch ? byBatch(x, dy, gain, statistics, batch, epsilon) : byRunning(dy, gain, statistics, epsilon),
};
