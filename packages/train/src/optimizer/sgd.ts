/** Stochastic gradient descent with momentum, plain or Nesterov's, as PyTorch has it (weight decay added to the gradient). */

import { refuseUnknown, requireNumber } from '../check.ts';
import { combine, scaled } from './chain.ts';
import {
  type Optimizer,
  type OptimizerOptions,
  resolveOptimizerOptions,
  sharedOptions,
  type Update,
} from './contract.ts';

export interface SgdOptions extends OptimizerOptions {
  /** In [0, 1). Default 0.9. */
  readonly momentum?: number;
  /** Looks ahead along the momentum; needs one. Default false. */
  readonly nesterov?: boolean;
}

/**
 *     g ← g + wd·p      v ← momentum·v + g  (v = g at first)      p ← p − lr·v,  Nesterov: p − lr·(g + momentum·v)
 *
 * Defaults: lr 1e-2, weight decay 0.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  refuseUnknown('sgd', options, { ...sharedOptions, momentum: true, nesterov: true });
  const { momentum = 0.9, nesterov = false } = options;
  requireNumber('sgd', 'momentum', momentum, (x) => x >= 0 && x < 1, 'in [0, 1)');
  if (nesterov && momentum === 0) throw new RangeError('sgd: nesterov needs a momentum above 0; it is 0.');

  const one = ({ value, gradient, slots, learningRate, weightDecay }: Update) => {
    const decayed = weightDecay === 0 ? gradient : combine(1, gradient, weightDecay, value);
    try {
      if (momentum === 0) return combine(1, value, -learningRate, decayed);
      const velocity = slots.get('momentum');
      slots.set('momentum', velocity ? combine(momentum, velocity, 1, decayed) : scaled(decayed, 1));
      const next = slots.get('momentum')!;
      if (!nesterov) return combine(1, value, -learningRate, next);
      const ahead = combine(1, decayed, momentum, next);
      try {
        return combine(1, value, -learningRate, ahead);
      } finally {
        ahead.dispose();
      }
    } finally {
      if (decayed !== gradient) decayed.dispose();
    }
  };
  return {
    name: 'sgd',
    ...resolveOptimizerOptions('sgd', options, { lr: 1e-2, weightDecay: 0 }),
    slots: momentum === 0 ? [] : ['momentum'],
    update: (updates) => updates.map(one),
    settings: { momentum, nesterov },
  };
}
