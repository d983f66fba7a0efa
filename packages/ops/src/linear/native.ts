/** linear of raw TensorFlow operations: products with transpose flags, BiasAdd and its gradient (a column sum). */
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { after, rows, scope } from '../engine.ts';
import { product, raw } from '../native/raw.ts';
import { type Names, unflatten, withTrace } from './shared.ts';

/** x·W + b → [rows, out] */
export function affine(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const x2 = rows(x);
  const flat = after(product(x2, weight), x2);
  return bias ? after(raw('BiasAdd', flat, bias), flat) : flat;
}

/** The gradients for dy [rows, out]. */
export function affineGradients(x: Tensor, weight: Tensor, dy: Tensor, want: (name: Names) => boolean) {
  const result: Partial<Record<Names, Tensor>> = {};
  if (want('bias')) result.bias = raw('BiasAddGrad', dy);
  if (want('weight')) {
    const x2 = rows(x);
    result.weight = after(product(x2, dy, true, false), x2);
  }
  if (want('x')) {
    const flat = product(dy, weight, false, true);
    result.x = after(reshape(flat, x.shape), flat);
  }
  return result;
}

export const native = withTrace({
  apply: (x, weight, bias) => scope(() => unflatten(affine(x, weight, bias), x)),
  gradients(x, weight, dy, want) {
    const dy2 = rows(dy);
    return after(affineGradients(x, weight, dy2, want), dy2);
  },
});
