/** Batch normalisation of plain tfjs ops. */
import { add, mean as meanOf, mul, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { hold, rows, scope } from '../engine.ts';
import { type OpPullback, once, type TracedOp, type Wanted } from '../pullback.ts';
import type { Names, Statistics, TracedBatch } from './index.ts';

export function normalise(x: Tensor, gain: Tensor, bias: Tensor, { mean, variance }: Statistics, epsilon: number) {
  return scope(() => {
    const scale = mul(gain, rsqrt(add(variance, epsilon)));
    return add(mul(sub(x, mean), scale), bias);
  });
}

export function statisticsOf(x: Tensor): Statistics {
  return scope(() => {
    const flat = rows(x);
    const mean = meanOf(flat, 0);
    return { mean, variance: meanOf(square(sub(flat, mean)), 0) };
  });
}

type Kept = readonly [x: Tensor, gain: Tensor, mean: Tensor, variance: Tensor];

/** @param batch whether mean and variance follow from x */
function gradients(
  [x, gain, mean, variance]: Kept,
  epsilon: number,
  batch: boolean,
  dy: Tensor,
  wanted?: Wanted<Names>,
) {
  const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
  const result: Partial<Record<Names, Tensor>> = {};
  const inverse = rsqrt(add(variance, epsilon));
  const through = batch && want('x');
  const flat = rows(dy);
  const dbias = want('bias') || through ? sum(flat, 0) : undefined;
  const dgain =
    want('gain') || through
      ? sum(
          scope(() => mul(mul(sub(rows(x), mean), inverse), flat)),
          0,
        )
      : undefined;
  if (want('x')) {
    const scale = mul(gain, inverse);
    const count = x.size / gain.size;
    result.x = through
      ? scope(() => {
          const shared = scope(() =>
            add(mul(mul(sub(x, mean), inverse), mul(dgain!, 1 / count)), mul(dbias!, 1 / count)),
          );
          return mul(sub(dy, shared), scale);
        })
      : mul(dy, scale);
  }
  if (want('gain')) result.gain = dgain!;
  if (want('bias')) result.bias = dbias!;
  return result;
}

function pullbackOf(kept: Kept, epsilon: number, batch: boolean): OpPullback<Names> {
  return once('batchNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
    scope(() => gradients(kept, epsilon, batch, dy, wanted)),
  );
}

export function byRunning(
  x: Tensor,
  gain: Tensor,
  bias: Tensor,
  statistics: Statistics,
  epsilon: number,
): TracedOp<Names> {
  const value = normalise(x, gain, bias, statistics, epsilon);
  const kept = [hold(x), hold(gain), hold(statistics.mean), hold(statistics.variance)] as const;
  return { value, pullback: pullbackOf(kept, epsilon, false) };
}

export function byBatch(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): TracedBatch {
  const statistics = statisticsOf(x);
  const value = normalise(x, gain, bias, statistics, epsilon);
  const kept = [hold(x), hold(gain), hold(statistics.mean), hold(statistics.variance)] as const;
  return { value, statistics, pullback: pullbackOf(kept, epsilon, true) };
}
