/** What `info` tells of a model, whatever its task. */
import type { SavedTraining } from '@dr2net/models';

export interface Described {
  /** For `--json`. */
  readonly facts: object;
  /** For people: what, and its value. */
  readonly rows: readonly (readonly string[])[];
}

export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ');
  return names.length === 0 ? 'none' : names.length > 6 ? `${shown} and ${names.length - 6} more` : shown;
}

export function trainedWith(training: SavedTraining | null): string {
  if (!training) return 'not by dr2net: α = 1, β = 0';
  const { coefficients, method, read } = training;
  return `α = ${coefficients.alpha}, β = ${coefficients.beta}, method ${method.name}, head reads ${read}`;
}
