/** The same α and β at every step. (63/64, 1/64) with the method `exact` is the project's default. */
import { finite, onlyKnown, refuse } from '../check.ts';
import type { CoefficientSchedule } from '../contract.ts';

/**
 * The same α and β at every step: (63/64, 1/64) with the method `exact` is the project's default.
 * @param alpha finite
 * @param beta finite; 0 only for the pretrained network, (1, 0), which no method can invert
 */
export function constant(alpha: number, beta: number): CoefficientSchedule {
  finite('constant', 'alpha', alpha);
  finite('constant', 'beta', beta);
  if (beta === 0 && alpha !== 1)
    refuse('constant', 'beta', beta, `other than 0 with alpha = ${alpha}; only the pretrained network is (1, 0)`);
  return {
    name: 'constant',
    at: () => ({ alpha, beta, frozen: false }),
    toJSON: () => ({ name: 'constant', alpha, beta }),
  };
}

/** `constant` from named options. */
export function constantFrom(options: { alpha: number; beta: number }): CoefficientSchedule {
  onlyKnown('constant', options, ['alpha', 'beta']);
  return constant(options.alpha, options.beta);
}
