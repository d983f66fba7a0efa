/** Batch normalisation of plain tfjs ops; few tensors of the size of x are alive at a time. */
import { add, mean as meanOf, mul, rsqrt, square, stack, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { after, rows, scope } from '../engine.ts';
import type { BatchSums, PartStatistics, Statistics } from './index.ts';

/** x − mean, then times a factor of each channel. */
function centred(x: Tensor, mean: Tensor, factor: Tensor): Tensor {
  const difference = sub(x, mean);
  return after(mul(difference, factor), difference);
}

export function normalise(x: Tensor, gain: Tensor, bias: Tensor, { mean, variance }: Statistics, epsilon: number) {
  return scope(() => {
    const scaled = centred(x, mean, mul(gain, rsqrt(add(variance, epsilon))));
    return after(add(scaled, bias), scaled);
  });
}

export function statisticsOf(x: Tensor): Statistics {
  return scope(() => {
    const flat = rows(x);
    const mean = meanOf(flat, 0);
    const difference = sub(flat, mean);
    const squares = after(square(difference), difference);
    return { mean, variance: after(meanOf(squares, 0), squares) };
  });
}

/** Variances about the parts' own means, and what those differ from the mean of all: no difference of large squares (Chan et al. 1979). */
export function mergeStatistics(parts: readonly PartStatistics[]): Statistics {
  return scope(() => {
    const total = parts.reduce((count, part) => count + part.count, 0);
    const weighted = (values: readonly Tensor[]) =>
      sum(stack(values.map((value, i) => mul(value, parts[i]!.count / total))), 0);
    const mean = weighted(parts.map((part) => part.mean));
    return { mean, variance: weighted(parts.map((part) => add(part.variance, square(sub(part.mean, mean))))) };
  });
}

export function sumsOf(x: Tensor, dy: Tensor, { mean, variance }: Statistics, epsilon: number): BatchSums {
  return scope(() => {
    const flat = rows(dy);
    const difference = sub(rows(x), mean);
    const products = after(mul(difference, flat), difference);
    const gain = mul(after(sum(products, 0), products), rsqrt(add(variance, epsilon)));
    return { gain, bias: sum(flat, 0) };
  });
}

export function byRunning(dy: Tensor, gain: Tensor, { variance }: Statistics, epsilon: number): Tensor {
  return scope(() => mul(dy, mul(gain, rsqrt(add(variance, epsilon)))));
}

export function byBatch(
  x: Tensor,
  dy: Tensor,
  gain: Tensor,
  { mean, variance }: Statistics,
  { sums, count }: { sums: BatchSums; count: number },
  epsilon: number,
): Tensor {
  return scope(() => {
    const inverse = rsqrt(add(variance, epsilon));
    const along = centred(x, mean, mul(mul(sums.gain, 1 / count), inverse));
    const shared = after(add(along, mul(sums.bias, 1 / count)), along);
    const rest = after(sub(dy, shared), shared);
    return after(mul(rest, mul(gain, inverse)), rest);
  });
}
