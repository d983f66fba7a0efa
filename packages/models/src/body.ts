/** A backbone without its norm: pixels through the stem and the runs, forward and backward. */
import type { Context, Sink } from '@dr2net/ops';
import { holding, once } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Backbone } from './backbone.ts';
import { applyRuns, type RunsOptions, type TracedRuns, traceRuns } from './runs.ts';

/** How pixels go through stem and runs. */
export interface BodyOptions extends RunsOptions {
  readonly context: Context;
  /** Whether the gradient of the pixels is wanted. Default false. */
  readonly pixelGradient?: boolean;
}

const parts = { stem: 'stem', blocks: 'blocks' } as const;

/** What the wanted runs give, keeping nothing. */
export function applyBody(
  backbone: Pick<Backbone, 'stem' | 'runs'>,
  pixels: Tensor,
  { context, ...options }: BodyOptions,
  outputs: readonly number[],
): Tensor[] {
  const x0 = backbone.stem.apply(pixels, context.child(parts.stem));
  return applyRuns(backbone.runs, x0, context.child(parts.blocks), options, outputs);
}

/**
 * The same with the pullback, which takes the outputs' gradients over and gives the pixels' gradient, or null when it was not wanted (or `frozen`). The stem's pullback is left
 * out when none of its parameters is trainable and the pixels' gradient is not wanted.
 */
export function traceBody(
  backbone: Pick<Backbone, 'stem' | 'runs'>,
  pixels: Tensor,
  { context, pixelGradient = false, ...options }: BodyOptions,
  outputs: readonly number[],
): TracedRuns {
  const { stem, runs } = backbone;
  const inner = context.child(parts.stem);
  const trains = pixelGradient || stem.parameters.some(({ trainable }) => trainable);
  return holding((held) => {
    const entry =
      trains && options.method.name !== 'frozen'
        ? stem.trace(pixels, inner)
        : { value: stem.apply(pixels, inner), pullback: null };
    if (entry.pullback) held.add(entry.pullback);
    const traced = traceRuns(runs, entry.value, context.child(parts.blocks), options, outputs);
    const kept = [traced.pullback, ...(entry.pullback ? [entry.pullback] : [])];
    const pullback = once('the backbone', kept, (dOutputs: readonly (Tensor | null)[], sink: Sink): Tensor | null => {
      const x0 = traced.pullback(dOutputs, sink);
      try {
        if (!x0 || !entry.pullback) return null;
        if (pixelGradient) return entry.pullback(x0, sink);
        entry.pullback.parametersOnly(x0, sink);
        return null;
      } finally {
        x0?.dispose();
      }
    });
    return { ...traced, pullback };
  });
}
