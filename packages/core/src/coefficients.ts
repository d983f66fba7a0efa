/** What the coefficients allow. */
import type { Coefficients, MethodName } from './contract.ts';
import { CoefficientsError } from './errors.ts';
import { inWords } from './names.ts';

/** Throws where α or β is not a finite number. */
export function refuseNonFinite(coefficients: Coefficients): void {
  for (const name of ['alpha', 'beta'] as const)
    if (!Number.isFinite(coefficients[name]))
      throw new CoefficientsError(
        `${name} is ${inWords(coefficients[name])}; it must be a finite number. The pretrained network is alpha = 1, beta = 0.`,
      );
}

/** Throws for β = 0: nothing of x_{i−1} is in x_{i+1} then. */
export function refuseZeroBeta(method: MethodName, { alpha, beta }: Coefficients): void {
  if (beta !== 0) return;
  throw new CoefficientsError(
    `${method} cannot invert the network at alpha = ${alpha}, beta = 0. For all but the pretrained wiring take the method exact at ` +
      '(63/64, 1/64); for beta = 0 itself the method conventional or checkpoint.',
  );
}
