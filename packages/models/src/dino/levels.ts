/** The backbone's maps, and smaller ones of the last, at the encoder's width, as one row of cells. */
import type { LevelShapes } from '@dr2net/layers';
import { type Context, type Differentiable, holding, once, type Pullback, type Sink } from '@dr2net/ops';
import { add, concat, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { pass } from './pass.ts';

/** Takes the cells' gradient (borrowed); gives that of each map, owned by the caller. */
export interface LevelsPullback {
  (dTokens: Tensor, sink: Sink): Tensor[];
  dispose(): void;
}

export interface Levels {
  /** [batch, Σ height·width, width], levels one after the other; owned by the caller. */
  readonly tokens: Tensor;
  readonly shapes: LevelShapes;
  readonly pullback: LevelsPullback | null;
}

/** @param maps [batch, height, width, channels], borrowed; the levels beyond them are each of the one before, the first of the last map itself */
export function passLevels(
  projections: readonly Differentiable[],
  maps: readonly Tensor[],
  context: Context,
  keeps: boolean,
): Levels {
  return holding((held) => {
    const made: Tensor[] = [];
    const pullbacks: Pullback[] = [];
    for (const [level, projection] of projections.entries()) {
      const source = level <= maps.length ? (maps[level] ?? maps.at(-1)!) : made[level - 1]!;
      const { value, pullback } = pass(projection, source, context.child(level), keeps);
      made.push(held.add(value));
      if (pullback) pullbacks.push(held.add(pullback));
    }
    const sizes = made.map(({ shape }) => shape as [number, number, number, number]);
    const tokens = tidy(() =>
      concat(
        made.map((map, level) => reshape(map, [sizes[level]![0], -1, sizes[level]![3]])),
        1,
      ),
    );
    held.free(...made);
    const shapes = sizes.map(([, height, width]) => [height, width] as const);
    const run = (dTokens: Tensor, sink: Sink) => pull(pullbacks, sizes, maps.length, dTokens, sink);
    return { tokens, shapes, pullback: keeps ? once('the levels', pullbacks, run) : null };
  });
}

function pull(
  pullbacks: readonly Pullback[],
  sizes: readonly (readonly [number, number, number, number])[],
  maps: number,
  dTokens: Tensor,
  sink: Sink,
): Tensor[] {
  return holding((held) => {
    /** What the levels above send down: to level − 1, or from the first one beyond the maps to the last map. */
    let below: Tensor | undefined;
    const results: Tensor[] = [];
    let end = dTokens.shape[1]!;
    for (let level = pullbacks.length - 1; level >= 0; level--) {
      const size = sizes[level]!;
      end -= size[1] * size[2];
      const own = held.add(tidy(() => reshape(slice(dTokens, [0, end, 0], [-1, size[1] * size[2], -1]), [...size])));
      const isSum = below !== undefined && level >= maps;
      const d = isSum ? held.add(add(own, below!)) : own;
      if (isSum) held.free(own, below);
      const dSource = held.add(pullbacks[level]!(d, sink));
      held.free(d);
      if (level >= maps) below = dSource;
      else if (below && level === maps - 1) {
        results[level] = held.add(add(dSource, below));
        held.free(dSource, below);
        below = undefined;
      } else results[level] = dSource;
    }
    return results.map((result) => held.release(result));
  });
}
