/** The step of Adam's family for several parameters at once: moments and value, with decoupled weight decay. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import { reference } from './reference.ts';
import { webgpu } from './webgpu.ts';

/** One parameter. All tensors have its shape. */
export interface AdamItem {
  /** Borrowed, like the gradient. */
  readonly value: Tensor;
  readonly gradient: Tensor;
  /** The moments, taken over; absent before the first step, when they are 0. */
  readonly m?: Tensor | undefined;
  readonly v?: Tensor | undefined;
  /** Told of each new moment as soon as it exists, for those who count memory. */
  readonly made?: ((moment: Tensor) => void) | undefined;
  /** What is kept of the value: 1 − learning rate · weight decay. */
  readonly keep: number;
  /** The learning rate with both bias corrections: lr·√(1−β₂ᵗ)/(1−β₁ᵗ). */
  readonly rate: number;
  /** ε·√(1−β₂ᵗ) */
  readonly epsilon: number;
}

/** What a parameter becomes, owned by the caller. */
export type AdamStepped = {
  readonly value: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
};

/** What an implementation of {@link adam} does. */
export interface AdamKernel {
  /**
   *     m ← β₁·m + (1−β₁)·g      v ← β₂·v + (1−β₂)·g²      value ← keep·value − rate·m/(√v + ε)
   *
   * (Kingma and Ba, arXiv 1412.6980, with the corrections of section 2's end; Loshchilov and Hutter, arXiv 1711.05101.)
   * @throws RangeError when a shape does not fit its parameter's
   */
  step(items: readonly AdamItem[], betas: readonly [number, number]): AdamStepped[];
  /** How many parameters the backend steps at once; more are no faster. */
  together(): number;
}

const kernel = () => choose<AdamKernel>({ reference, webgpu }, 'adam');

/** The step of Adam's family (AdamW, arXiv 1711.05101) for several parameters at once. */
export const adam: AdamKernel = {
  step(items, betas) {
    try {
      for (const { value, gradient, m, v } of items)
        for (const [name, tensor] of Object.entries({ gradient, m, v }))
          if (tensor) expectShape('adam.step', name, tensor, value.shape, "the parameter's shape");
      return kernel().step(items, betas);
    } catch (error) {
      // They were taken over.
      for (const { m, v } of items) for (const moment of [m, v]) moment?.dispose();
      throw error;
    }
  },
  together: () => kernel().together(),
};
