/**
 * GELU of raw TensorFlow operations, on u = z/√2 (so that no pass over the values is spent on the scaling; `linearGelu`
 * scales its weight instead): gelu(z) = u·(1 + erf u)/√2, and its slope ½·(1 + erf u + 2u·exp(−u²)/√π).
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import { raw, rawScalar, scalarRaw } from '../native/raw.ts';
import { keepsInput } from './keeps-input.ts';

export const toU = Math.SQRT1_2;

/** 1 + erf u */
function shifted(u: Tensor): Tensor {
  const e = raw('Erf', u);
  return after(rawScalar('AddV2', e, 1), e);
}

/** u·(1 + erf u)/√2, from 1 + erf u */
function valueFrom(u: Tensor, one: Tensor): Tensor {
  const twice = raw('Mul', one, u);
  return after(rawScalar('Mul', twice, Math.SQRT1_2), twice);
}

/** ½·(1 + erf u + 2u·exp(−u²)/√π); frees `one`. */
function slopeFrom(u: Tensor, one: Tensor): Tensor {
  // 2u·exp(−u²)/√π as u·exp(ln(2/√π) − u²): the factor costs no pass.
  const squared = raw('Square', u);
  const exponent = after(scalarRaw('Sub', Math.log(2 / Math.sqrt(Math.PI)), squared), squared);
  const bell = after(raw('Exp', exponent), exponent);
  const rise = after(raw('Mul', bell, u), bell);
  const twice = after(raw('AddV2', one, rise), one, rise);
  return after(rawScalar('Mul', twice, 0.5), twice);
}

/** gelu(√2·u) */
export function geluOf(u: Tensor): Tensor {
  const one = shifted(u);
  return after(valueFrom(u, one), one);
}

/** gelu(√2·u) and gelu'(√2·u), both from one erf. */
export function geluWithSlopeOf(u: Tensor): { value: Tensor; slope: Tensor } {
  const one = shifted(u);
  const value = valueFrom(u, one);
  return { value, slope: slopeFrom(u, one) };
}

function gelu(z: Tensor): Tensor {
  return scope(() => {
    const u = rawScalar('Mul', z, toU);
    return after(geluOf(u), u);
  });
}

function gradient(z: Tensor, dy: Tensor): Tensor {
  return scope(() => {
    const u = rawScalar('Mul', z, toU);
    const slope = after(slopeFrom(u, shifted(u)), u);
    return after(raw('Mul', slope, dy), slope);
  });
}

export const native = keepsInput(gelu, gradient);
