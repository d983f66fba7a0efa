/** Adam's step of plain tfjs ops, parameter by parameter; one temporary at a time besides the results. */
import { add, div, mul, sqrt, square, type Tensor } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import type { AdamItem, AdamKernel } from './index.ts';

/** a·x + b·y, both borrowed. */
function combine(a: number, x: Tensor, b: number, y: Tensor): Tensor {
  const left = a === 1 ? undefined : mul(x, a);
  const right = mul(y, b);
  return after(add(left ?? x, right), right, ...(left ? [left] : []));
}

function one(
  { value, gradient, m, v, made, keep, rate, epsilon }: AdamItem,
  [beta1, beta2]: readonly [number, number],
) {
  const nextM = m ? after(combine(beta1, m, 1 - beta1, gradient), m) : mul(gradient, 1 - beta1);
  made?.(nextM);
  const squared = square(gradient);
  const nextV = after(v ? after(combine(beta2, v, 1 - beta2, squared), v) : mul(squared, 1 - beta2), squared);
  made?.(nextV);
  const root = sqrt(nextV);
  const denominator = after(add(root, epsilon), root);
  const direction = after(div(nextM, denominator), denominator);
  return { value: after(combine(keep, value, -rate, direction), direction) as Tensor, m: nextM as Tensor, v: nextV };
}

export const reference: AdamKernel = {
  step: (items, betas) => items.map((item) => scope(() => one(item, betas))),
  together: () => 1,
};
