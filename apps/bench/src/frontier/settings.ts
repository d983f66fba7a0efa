/** The points of the frontier: how to get the activations of the backward pass, from a stored state a sub-block to none. */
import type { Coefficients, Method } from '@dr2net/core';

export interface FrontierPoint {
  readonly name: 'conventional' | 'checkpoint' | 'exact' | 'reversible';
  /** 1 − α */
  readonly beta: number;
}

/** β = 2⁻ᵏ of `exact`: from where side information is nearly a state to where there is none. */
const exponents = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

export const frontierPoints: readonly FrontierPoint[] = [
  { name: 'conventional', beta: 0 },
  { name: 'checkpoint', beta: 0 },
  ...exponents.map((k) => ({ name: 'exact' as const, beta: 2 ** -k })),
  { name: 'reversible', beta: 0.5 },
  { name: 'reversible', beta: 1 },
];

export function settingOf({ name, beta }: FrontierPoint): { method: Method; coefficients: Coefficients } {
  // The end of the frontier is the plain inverse, without anchors, whatever its gradient is worth.
  const method: Method = name === 'reversible' ? { name, tolerance: Number.POSITIVE_INFINITY } : { name };
  return { method, coefficients: { alpha: 1 - beta, beta } };
}

export interface FrontierSettings {
  readonly backend: string;
  /** Folder of the pretrained weights. */
  readonly model: string;
  readonly depth?: number;
  /** A safetensors file with `input.pixel_values` or `input`, channels first; random pixels without it. */
  readonly input?: string;
}

export interface FrontierMeasurement extends FrontierPoint {
  /** ‖y − y₀‖/‖y₀‖ of the backbone's normalised output against that at (1, 0). */
  readonly departure: number;
  /** Bytes that wait from the forward pass for the backward pass: states and side information. */
  readonly stateBytes: number;
  readonly sideBytes: number;
  /** Bits of side information an element of a state and sub-block that keeps some (the first needs none). */
  readonly sideBits: number;
  /** Logical bytes of one training step at its peak, without parameters and their gradients. */
  readonly activationPeakBytes: number;
}

export interface FrontierResult {
  readonly architecture: string;
  readonly subBlocks: number;
  /** Of the states. */
  readonly shape: readonly number[];
  readonly backend: string;
  readonly points: readonly FrontierMeasurement[];
}
