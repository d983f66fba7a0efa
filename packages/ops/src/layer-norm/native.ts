/**
 * Layer normalisation of raw TensorFlow operations. The reductions of the pullback are products with the gain (a matrix
 * times a vector) and BiasAddGrad (column sums), both several times as fast as Sum.
 */
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, rows, scope } from '../engine.ts';
import { product, raw, rawScalar, rowMeans } from '../native/raw.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';

/** Of x [rows, C]: x̂ = (x − mean)·r, the mean and r = 1/√(var + ε), [rows, 1]. */
function normalise(x: Tensor, epsilon: number) {
  const average = rowMeans(x);
  const centred = raw('Sub', x, average);
  const squared = raw('Square', centred);
  const variance = after(rowMeans(squared), squared);
  const shifted = after(rawScalar('AddV2', variance, epsilon), variance);
  const r = after(raw('Rsqrt', shifted), shifted);
  return { hat: after(raw('Mul', centred, r), centred), average, r };
}

function forward(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number) {
  return scope(() => {
    const x2 = rows(x);
    const { hat, average, r } = normalise(x2, epsilon);
    const scaled = after(raw('Mul', hat, gain), x2, hat);
    const shifted = after(raw('BiasAdd', scaled, bias), scaled);
    return { value: after(reshape(shifted, x.shape), shifted), average, r };
  });
}

/** r·(dy·gain − mean(dy·gain) − x̂·mean(dy·gain·x̂)) */
function inputGradient(hat: Tensor, dyHat: Tensor, dy: Tensor, gain: Tensor, r: Tensor): Tensor {
  const vector = reshape(gain, [-1, 1]);
  const weights = after(rawScalar('Mul', vector, 1 / gain.size), vector);
  const offset = product(dy, weights);
  const along = after(product(dyHat, weights), weights);
  const g = raw('Mul', dy, gain);
  const centred = after(raw('Sub', g, offset), g, offset);
  const projected = after(raw('Mul', hat, along), along);
  const free = after(raw('Sub', centred, projected), centred, projected);
  return after(raw('Mul', free, r), free);
}

function gradients(x: Tensor, gain: Tensor, average: Tensor, r: Tensor, dy: Tensor, wanted?: Wanted<Names>) {
  const want = (name: Names) => wanted === undefined || wanted[name] === true;
  const result: Partial<Record<Names, Tensor>> = {};
  const dy2 = rows(dy);
  if (want('bias')) result.bias = raw('BiasAddGrad', dy2);
  if (!want('gain') && !want('x')) return after(result, dy2);
  const x2 = rows(x);
  const centred = after(raw('Sub', x2, average), x2);
  const hat = after(raw('Mul', centred, r), centred);
  const dyHat = raw('Mul', dy2, hat);
  if (want('gain')) result.gain = raw('BiasAddGrad', dyHat);
  if (want('x')) {
    const flat = inputGradient(hat, dyHat, dy2, gain, r);
    result.x = after(reshape(flat, x.shape), flat);
  }
  return after(result, hat, dyHat, dy2);
}

export const native: LayerNormKernel = {
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
