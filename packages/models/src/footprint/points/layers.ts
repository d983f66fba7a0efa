/** Layers of point networks without parameters, dry (`point-layers.ts` of `@dr2net/layers`). */
import type { DryLayer } from '@dr2net/memory';
import { masked, most, rectified, spread, winners } from './operations.ts';
import type { Operations } from './place.ts';

export function dryRelu(at: Operations): DryLayer {
  const { engine } = at;
  return {
    apply: (x) => rectified(at, x),
    trace(x) {
      const value = rectified(at, x);
      const kept = engine.share(value);
      return { value, pullback: (dy) => engine.after(masked(at, dy, kept), kept) };
    },
  };
}

/** x [groups, size, C] → [groups, C] */
export function dryNeighbourMax(at: Operations, size: number): DryLayer {
  const { engine } = at;
  return {
    apply: (x) => most(at, x, size),
    trace(x) {
      const { value, winner } = winners(at, x, size);
      return { value, pullback: (dy) => engine.after(spread(at, winner, dy, size), winner) };
    },
  };
}
