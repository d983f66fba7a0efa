/** The exact GELU, x·Φ(x) with Φ(x) = (1 + erf(x/√2))/2, of plain tfjs ops, for every backend. */
import { add, erf, exp, mul, square, type Tensor } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import { keepsInput } from './keeps-input.ts';

/** Φ(x), the standard normal distribution function. */
function normal(x: Tensor): Tensor {
  const scaled = mul(x, Math.SQRT1_2);
  const e = after(erf(scaled), scaled);
  const half = after(mul(e, 0.5), e);
  return after(add(half, 0.5), half);
}

/** Φ(x) + x·φ(x); frees `phi`. */
function slopeFrom(x: Tensor, phi: Tensor): Tensor {
  const squared = square(x);
  const exponent = after(mul(squared, -0.5), squared);
  const bell = after(exp(exponent), exponent);
  const density = after(mul(bell, 1 / Math.sqrt(2 * Math.PI)), bell);
  const rise = after(mul(x, density), density);
  return after(add(phi, rise), phi, rise);
}

export function gelu(x: Tensor): Tensor {
  return scope(() => {
    const phi = normal(x);
    return after(mul(x, phi), phi);
  });
}

/** GELU and its slope, both from one Φ. */
export function geluWithSlope(x: Tensor): { value: Tensor; slope: Tensor } {
  return scope(() => {
    const phi = normal(x);
    const value = mul(x, phi);
    return { value, slope: slopeFrom(x, phi) };
  });
}

/** dy·(Φ(x) + x·φ(x)) */
function gradient(x: Tensor, dy: Tensor): Tensor {
  return scope(() => {
    const slope = slopeFrom(x, normal(x));
    return after(mul(dy, slope), slope);
  });
}

export const reference = keepsInput(gelu, gradient);
