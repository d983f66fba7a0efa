/** What one measured process is told, and what it tells. */
import type { Coefficients, Method } from '@dr2net/core';

/** `plain` is ordinary TensorFlow.js code for the same network (plain.ts); the others are methods of `@dr2net/core`. */
export const measuredNames = ['plain', 'conventional', 'checkpoint', 'reversible', 'exact'] as const;
export type MeasuredName = (typeof measuredNames)[number];

/** A ViT with a class token and a linear head on it. */
export interface NetworkSize {
  readonly width: number;
  readonly heads: number;
  readonly depth: number;
  /** Pixels a side. */
  readonly size: number;
  readonly patch: number;
  readonly batch: number;
}

export interface StepSettings extends NetworkSize {
  readonly backend: string;
  readonly measured: MeasuredName;
  readonly warmup: number;
  readonly repetitions: number;
}

/** ViT-S/16 at 224 pixels: 197 tokens. */
export const fullSize: Omit<NetworkSize, 'depth'> = { width: 384, heads: 6, size: 224, patch: 16, batch: 4 };
/** Runs in seconds anywhere; its figures mean nothing. */
export const quickSize: Omit<NetworkSize, 'depth'> = { width: 48, heads: 3, size: 32, patch: 8, batch: 2 };

export const classes = 10;

export interface MethodSetting {
  readonly method: Method;
  readonly coefficients: Coefficients;
}

/**
 * How each method is measured. `reversible` runs without anchors, at coefficients where 48 sub-blocks rebuild to 1e-5, which is beyond
 * its default tolerance: so on purpose.
 */
export const methodSettings: Readonly<Record<Exclude<MeasuredName, 'plain'>, MethodSetting>> = {
  conventional: { method: { name: 'conventional' }, coefficients: { alpha: 1, beta: 0 } },
  checkpoint: { method: { name: 'checkpoint' }, coefficients: { alpha: 1, beta: 0 } },
  reversible: {
    method: { name: 'reversible', anchors: 0, tolerance: Number.POSITIVE_INFINITY },
    coefficients: { alpha: 0.1, beta: 0.9 },
  },
  exact: { method: { name: 'exact' }, coefficients: { alpha: 63 / 64, beta: 1 / 64 } },
};

export interface StepMeasurement {
  readonly settings: StepSettings;
  readonly backend: {
    readonly name: string;
    readonly device: string;
    readonly settings: Readonly<Record<string, string | number | boolean>>;
  };
  readonly parameters: number;
  /** Each timed repetition: forward, loss and backward of one batch. */
  readonly seconds: readonly number[];
  readonly loss: number;
  /** Global norm over all parameters' gradients. */
  readonly gradientNorm: number;
  /** Bytes of distinct buffers at the peak of one step besides parameters and finished gradients of parameters. */
  readonly activationPeakBytes: number;
  /** Bytes of all distinct buffers at that peak. */
  readonly peakBytes: number;
  /** What the device had really allocated: before the first step, and at most during all of them. */
  readonly device: { readonly kind: string; readonly startBytes: number; readonly peakBytes: number };
  /** Live tensors and bytes after the last step minus those after the first. */
  readonly growth: { readonly tensors: number; readonly bytes: number };
  /** `exact`: the rebuilt first state was the stored one, bit for bit. */
  readonly rebuiltIdentical?: boolean;
  /** `conventional`: the output at α = 1, β = 0 is that of the pretrained wiring x + F(x) on the same kernels, bit for bit. */
  readonly forwardIdentical?: boolean;
}
