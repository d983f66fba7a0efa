/** AdamW: Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101, Algorithm 2 (as PyTorch has it). */
import { type AdamItem, adam } from '@dr2net/ops';
import { refuseUnknown, requireNumber } from '../check.ts';
import {
  type Optimizer,
  type OptimizerOptions,
  resolveOptimizerOptions,
  sharedOptions,
  type Update,
} from './contract.ts';

export interface AdamWOptions extends OptimizerOptions {
  /** Decay rates of the two moments, each in [0, 1). Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment, > 0. Default 1e-8. */
  readonly eps?: number;
}

/**
 *     m ← β₁·m + (1−β₁)·g        v ← β₂·v + (1−β₂)·g²
 *     p ← (1 − lr·wd)·p − lr/(1−β₁ᵗ) · m / (√(v/(1−β₂ᵗ)) + ε)
 *
 * Defaults: lr 1e-3, weight decay 0.05.
 */
export function adamW(options: AdamWOptions = {}): Optimizer {
  refuseUnknown('adamW', options, { ...sharedOptions, betas: true, eps: true });
  const { betas = [0.9, 0.999], eps = 1e-8 } = options;
  const [beta1, beta2] = betas;
  requireNumber('adamW', 'betas[0]', beta1, (x) => x >= 0 && x < 1, 'in [0, 1)');
  requireNumber('adamW', 'betas[1]', beta2, (x) => x >= 0 && x < 1, 'in [0, 1)');
  requireNumber('adamW', 'eps', eps, (x) => x > 0, 'above 0');

  const item = ({ value, gradient, slots, count, learningRate, weightDecay }: Update): AdamItem => {
    const root2 = Math.sqrt(1 - beta2 ** count);
    return {
      ...{ value, gradient, m: slots.take('m'), v: slots.take('v'), made: (moment) => slots.announce(moment) },
      keep: 1 - learningRate * weightDecay,
      rate: (learningRate * root2) / (1 - beta1 ** count),
      epsilon: eps * root2,
    };
  };
  const update = (updates: readonly Update[]) =>
    adam.step(updates.map(item), betas).map(({ value, m, v }, i) => {
      updates[i]!.slots.set('m', m);
      updates[i]!.slots.set('v', v);
      return value;
    });
  return {
    name: 'adamw',
    ...resolveOptimizerOptions('adamW', options, { lr: 1e-3, weightDecay: 0.05 }),
    slots: ['m', 'v'],
    update,
    together: () => adam.together(),
    settings: { beta1, beta2, eps },
  };
}
