/**
 * GELU of raw TensorFlow operations, on u = z/√2 (so that no pass over the values is spent on the scaling; `linearGelu`
 * scales its weight instead): gelu(z) = u·(1 + erf u)/√2, and its slope ½·(1 + erf u + 2u·exp(−u²)/√π).
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { raw, rawScalar, scalarRaw } from '../native/raw.ts';
import { once } from '../pullback.ts';
import type { GeluKernel } from './index.ts';

export const toU = Math.SQRT1_2;

/** gelu(√2·u) */
export function geluOf(u: Tensor): Tensor {
  const e = raw('Erf', u);
  const shifted = after(rawScalar('AddV2', e, 1), e);
  const twice = after(raw('Mul', shifted, u), shifted);
  return after(rawScalar('Mul', twice, Math.SQRT1_2), twice);
}

/** dy·gelu'(√2·u) */
export function geluGradientOf(u: Tensor, dy: Tensor): Tensor {
  // 2u·exp(−u²)/√π as u·exp(ln(2/√π) − u²): the factor costs no pass.
  const squared = raw('Square', u);
  const exponent = after(scalarRaw('Sub', Math.log(2 / Math.sqrt(Math.PI)), squared), squared);
  const bell = after(raw('Exp', exponent), exponent);
  const slope = after(raw('Mul', bell, u), bell);
  const e = raw('Erf', u);
  const sum = after(raw('AddV2', e, slope), e, slope);
  const shifted = after(rawScalar('AddV2', sum, 1), sum);
  const twice = after(raw('Mul', shifted, dy), shifted);
  return after(rawScalar('Mul', twice, 0.5), twice);
}

export const native: GeluKernel = {
  apply: (x) =>
    scope(() => {
      const u = rawScalar('Mul', x, toU);
      return after(geluOf(u), u);
    }),
  trace(x) {
    const value = native.apply(x);
    const kept = hold(x);
    const gradient = (dy: Tensor) =>
      scope(() => {
        const u = rawScalar('Mul', kept, toU);
        return after(geluGradientOf(u, dy), u);
      });
    return {
      value,
      pullback: once('gelu', [kept], (dy: Tensor, wanted?) => (wanted && !wanted.x ? {} : { x: gradient(dy) })),
    };
  },
};
