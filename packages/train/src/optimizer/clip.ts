/** Clipping of gradients by their norm: what is measured, and when. */
import { requireNumber } from '../check.ts';

/** How gradients are clipped by their norm. */
export interface Clip {
  /** The largest norm that passes unscaled, > 0. */
  readonly norm: number;
  /**
   * `global`: the norm of all gradients together, which must all be there first (mode `collect`);
   * `parameter`: each parameter's gradient by its own norm;
   * `previous`: all by the global norm of the step before (mode `sink`; the first step clips by parameter).
   */
  readonly by: 'global' | 'parameter' | 'previous';
}

/** How gradients reach the optimizer: all first and then updated, or each the moment it exists. */
export type UpdateMode = 'collect' | 'sink';

/** Checks a clipping option against the mode; a bare number is the global norm, or the previous step's in mode `sink`. */
export function resolveClip(clip: number | Clip | undefined, mode: UpdateMode): Clip | undefined {
  if (clip === undefined) return undefined;
  const full: Clip = typeof clip === 'number' ? { norm: clip, by: mode === 'sink' ? 'previous' : 'global' } : clip;
  requireNumber('clip', 'norm', full.norm, (x) => x > 0, 'above 0');
  if (mode === 'sink' && full.by === 'global')
    throw new RangeError(
      "clip: by 'global' needs all gradients at once, which update 'sink' never holds; use update 'collect', or by 'previous' or 'parameter'.",
    );
  if (mode === 'collect' && full.by === 'previous')
    throw new RangeError("clip: by 'previous' is for update 'sink'; with update 'collect' use by 'global'.");
  return full;
}
