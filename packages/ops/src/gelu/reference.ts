/** The exact GELU, x·Φ(x) with Φ(x) = (1 + erf(x/√2))/2, of plain tfjs ops, for every backend. */
import { add, erf, exp, mul, square, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { once } from '../pullback.ts';
import type { GeluKernel } from './index.ts';

/** Φ(x), the standard normal distribution function. */
function normal(x: Tensor): Tensor {
  const scaled = mul(x, Math.SQRT1_2);
  const e = after(erf(scaled), scaled);
  const half = after(mul(e, 0.5), e);
  return after(add(half, 0.5), half);
}

export function gelu(x: Tensor): Tensor {
  return scope(() => {
    const phi = normal(x);
    return after(mul(x, phi), phi);
  });
}

/** dy·(Φ(x) + x·φ(x)) */
export function geluGradient(x: Tensor, dy: Tensor): Tensor {
  return scope(() => {
    const squared = square(x);
    const exponent = after(mul(squared, -0.5), squared);
    const bell = after(exp(exponent), exponent);
    const density = after(mul(bell, 1 / Math.sqrt(2 * Math.PI)), bell);
    const slope = after(mul(x, density), density);
    const phi = normal(x);
    const derivative = after(add(phi, slope), phi, slope);
    return after(mul(dy, derivative), derivative);
  });
}

export const reference: GeluKernel = {
  apply: gelu,
  trace(x) {
    const value = gelu(x);
    const kept = hold(x);
    return {
      value,
      pullback: once('gelu', [kept], (dy: Tensor, wanted?) =>
        wanted && !wanted.x ? {} : { x: geluGradient(kept, dy) },
      ),
    };
  },
};
