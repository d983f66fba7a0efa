/**
 * Layer normalisation of plain tfjs ops. With x̂ = (x − mean)·r, r = 1/√(var + ε), ŷ' = dy·gain:
 * dx = r·(ŷ' − mean(ŷ') − x̂·mean(ŷ'·x̂)), dgain = Σ dy·x̂, dbias = Σ dy.
 */
import { add, mean, mul, reshape, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, rows, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';

/** Of x [rows, C]: the mean and 1/√(var + ε) of each row, [rows, 1]. */
function statistics(x: Tensor, epsilon: number) {
  const average = mean(x, 1, true);
  const centred = sub(x, average);
  const squared = after(square(centred), centred);
  const variance = after(mean(squared, 1, true), squared);
  const shifted = after(add(variance, epsilon), variance);
  return { average, r: after(rsqrt(shifted), shifted) };
}

function normalised(x: Tensor, average: Tensor, r: Tensor): Tensor {
  const centred = sub(x, average);
  return after(mul(centred, r), centred);
}

function forward(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number) {
  return scope(() => {
    const x2 = rows(x);
    const { average, r } = statistics(x2, epsilon);
    const hat = after(normalised(x2, average, r), x2);
    const scaled = after(mul(hat, gain), hat);
    const shifted = after(add(scaled, bias), scaled);
    return { value: after(reshape(shifted, x.shape), shifted), average, r };
  });
}

function gradients(x: Tensor, gain: Tensor, average: Tensor, r: Tensor, dy: Tensor, wanted?: Wanted<Names>) {
  const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
  const result: Partial<Record<Names, Tensor>> = {};
  const dy2 = rows(dy);
  if (want('bias')) result.bias = sum(dy2, 0);
  if (!want('gain') && !want('x')) return result;
  const x2 = rows(x);
  const hat = after(normalised(x2, average, r), x2);
  if (want('gain')) {
    const product = mul(dy2, hat);
    result.gain = after(sum(product, 0), product);
  }
  if (want('x')) {
    const g = mul(dy2, gain);
    const product = mul(g, hat);
    const along = after(mean(product, 1, true), product);
    const offset = mean(g, 1, true);
    const centred = after(sub(g, offset), g, offset);
    const projected = after(mul(hat, along), hat, along);
    const free = after(sub(centred, projected), centred, projected);
    const scaled = after(mul(free, r), free);
    result.x = after(reshape(scaled, x.shape), scaled);
  }
  return result;
}

export const reference: LayerNormKernel = {
  apply: (x, gain, bias, epsilon) => scope(() => forward(x, gain, bias, epsilon).value),
  trace(x, gain, bias, epsilon) {
    const { value, average, r } = forward(x, gain, bias, epsilon);
    const kept = [hold(x), hold(gain), hold(average), hold(r)] as const;
    after(value, average, r);
    const pullback: OpPullback<Names> = once('layerNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => gradients(...kept, dy, wanted)),
    );
    return { value, pullback };
  },
};
