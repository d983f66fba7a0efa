/** α and β of a run, refused by the option that gave them. */
import type { Coefficients, Method } from '@dr2net/core';
import { exactGrid } from '@dr2net/ops';
import { UsageError } from '../errors.ts';
import { type MethodOptions, nearlyPretrained } from './method.ts';
import { asGiven } from './values.ts';

/**
 * α and β: as given; else those saved with the model, where they are not those of the pretrained network; else what the
 * method starts from.
 * @throws UsageError for β = 0 with a method that inverts, and for what `exact` has no grid for
 */
export function coefficientsOf(options: MethodOptions, method: Method, saved: Coefficients | undefined): Coefficients {
  const own = method.name === 'exact' || method.name === 'reversible' ? nearlyPretrained : { alpha: 1, beta: 0 };
  const usable = saved && (saved.alpha !== 1 || saved.beta !== 0) ? saved : own;
  const coefficients = { alpha: options.alpha ?? usable.alpha, beta: options.beta ?? usable.beta };
  if (coefficients.beta === 0 && (method.name === 'reversible' || method.name === 'exact'))
    throw new UsageError(
      `--beta 0 cannot be inverted, so --method ${method.name} cannot run. For all but the pretrained wiring take --method exact ` +
        'with --alpha 63/64 --beta 1/64; for β = 0 itself --method conventional or checkpoint.',
    );
  if (method.name === 'exact') requireGrid(options, coefficients);
  return coefficients;
}

function requireGrid(options: MethodOptions, { alpha, beta }: Coefficients): void {
  if (options.alpha !== undefined) asGiven(`--alpha ${options.alpha}`, () => exactGrid(alpha, 1, { fractionBits: 0 }));
  if (options.beta !== undefined) asGiven(`--beta ${options.beta}`, () => exactGrid(alpha, beta, { fractionBits: 0 }));
}
