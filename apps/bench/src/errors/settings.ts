/** The gradient-error map: which wirings, depths and ways of having the activations are held against float64. */
import { type Coefficients, type Method, methodCoefficients } from '@dr2net/core';

export const ways = ['conventional', 'checkpoint', 'plain inverse', 'fixed anchors', 'auto anchors', 'exact'] as const;
export type Way = (typeof ways)[number];

/** A bare pre-norm transformer of random weights; two sub-blocks a block. */
export interface StackSize {
  readonly width: number;
  readonly heads: number;
  readonly tokens: number;
  readonly batch: number;
}

export interface ErrorSettings extends StackSize {
  readonly backend: string;
  /** Blocks. */
  readonly depths: readonly number[];
  readonly coefficients: readonly (readonly [alpha: number, beta: number])[];
  readonly seed: number;
  /** Also run the authors' protocol, at this many blocks, width and tokens. */
  readonly protocol?: StackSize & { readonly depth: number };
}

/** From nearly the pretrained network over the start, middle and end of the schedules to the plain reversible one; and β < 0. */
export const wirings: ErrorSettings['coefficients'] = [
  [63 / 64, 1 / 64],
  [1, 0.1],
  [0.9, 0.2],
  [0.7, 0.4],
  [0.5, 0.6],
  [0.4, 0.7],
  [0.1, 0.9],
  [0, 1],
  [1.5, -0.5],
];

export const mapSize: StackSize = { width: 48, heads: 3, tokens: 33, batch: 1 };
/** "12 blocks, width 384, 1024 tokens" of the authors' check of their inverse. */
export const protocolSize = { depth: 12, width: 384, heads: 6, tokens: 1024, batch: 1 };

/** Sub-blocks from one anchor to the next where their number is fixed, as the authors fix it. */
const spacing = 6;

export function methodOf(way: Way, subBlocks: number): Method {
  const tolerance = Number.POSITIVE_INFINITY;
  switch (way) {
    case 'conventional':
    case 'checkpoint':
    case 'exact':
      return { name: way };
    case 'plain inverse':
      return { name: 'reversible', anchors: 0, tolerance };
    case 'fixed anchors':
      return { name: 'reversible', anchors: Math.max(0, Math.ceil(subBlocks / spacing) - 1), tolerance };
    case 'auto anchors':
      return { name: 'reversible' };
  }
}

/** What every way runs at: exact's grid, so that all are the same network and have one truth. */
export const onGrid = ([alpha, beta]: readonly [number, number]): Coefficients =>
  methodCoefficients({ name: 'exact' }, { alpha, beta });

export interface ErrorPoint {
  readonly way: Way;
  readonly alpha: number;
  readonly beta: number;
  readonly subBlocks: number;
  /** max|Δ|/max|g| of the worst tensor against float64; null where a number is none. */
  readonly error: number | null;
  readonly parameter: string;
  readonly anchors?: number;
  /** What `reversible` itself estimated to have added, from its own measurement. */
  readonly estimated?: number;
}

export interface ProtocolPoint {
  readonly way: Way;
  readonly alpha: number;
  readonly beta: number;
  /** Exponent of the smallest atol, 10⁻²⁵ … 10⁻⁴, with which the input's gradient passes at rtol 1e-5; null where none does. */
  readonly atolExponent: number | null;
  readonly largest: number;
  readonly anchors?: number;
}

export interface ErrorMap {
  readonly backend: string;
  readonly points: readonly ErrorPoint[];
  readonly protocol: readonly ProtocolPoint[];
}
