/**
 * linear on wasm. Products with a transpose flag or a batch fall to a scalar loop there, a twelfth of the speed of a
 * plain 2-D one (XNNPACK): so operands are transposed first.
 */
import { add, matMul, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { after, rows, scope } from '../engine.ts';
import { onHost } from '../host.ts';
import { type Names, unflatten, withTrace } from './shared.ts';

/** x·W, [..., in] → [rows, out] */
export function product(x: Tensor, weight: Tensor): Tensor {
  const x2 = rows(x);
  return after(matMul(x2, weight), x2);
}

/** Σ over rows of dy [..., out] → [out] */
function columnSums(dy: Tensor, width: number): Tensor {
  return onHost([dy], [{ shape: [width], dtype: 'float32' }], ([D], [to]) => {
    const sums = new Float64Array(width);
    for (let from = 0; from < D!.length; from += width) for (let c = 0; c < width; c++) sums[c]! += D![from + c]!;
    to!.set(sums);
  })[0]!;
}

/** The gradients of x and W for dy [..., out], by two products. */
export function productGradients(x: Tensor, weight: Tensor, dy: Tensor, want: (name: Names) => boolean) {
  const result: Partial<Record<Names, Tensor>> = {};
  const dy2 = rows(dy);
  if (want('weight')) {
    const x2 = rows(x);
    const turned = after(transpose(x2), x2);
    result.weight = after(matMul(turned, dy2), turned);
  }
  if (want('x')) {
    const turned = transpose(weight);
    const flat = after(matMul(dy2, turned), turned) as Tensor;
    result.x = after(reshape(flat, x.shape), flat);
  }
  dy2.dispose();
  return result;
}

function apply(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return scope(() => {
    const flat = product(x, weight);
    return unflatten(bias ? after(add(flat, bias), flat) : flat, x);
  });
}

export const wasm = withTrace({
  apply,
  gradients(x, weight, dy, want) {
    const result = productGradients(x, weight, dy, want);
    return want('bias') ? { ...result, bias: columnSums(dy, weight.shape[1]!) } : result;
  },
});
