/** Multi-scale features: maps of some stages, each after a LayerNorm of its own, for heads that look at several sizes. */
import type { RunReport } from '@dr2net/core';
import { type Context, type Differentiable, holding, once, type Sink } from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { applyBody, type BodyOptions, traceBody } from '../body.ts';
import { ModelOptionError } from '../errors.ts';
import type { SwinMaps } from './assemble.ts';

/** Takes the gradient of each map (borrowed), null where it has none; gives that of the pixels, or null when it was not wanted (or `frozen`). */
export interface FeaturesPullback {
  (dMaps: readonly (Tensor | null)[], sink: Sink): Tensor | null;
  dispose(): void;
}

/** Maps of some stages, with the way back. */
export interface TracedFeatures {
  /** [batch, height, width, channels] of each stage of `spec.features`; owned by the caller. */
  readonly maps: Tensor[];
  readonly pullback: FeaturesPullback;
  /** One a stage that was gone through. */
  readonly reports: readonly RunReport[];
}

const part = (stage: number) => `features ${stage}`;

function wanted({ spec, featureNorms }: SwinMaps): [stage: number, norm: Differentiable][] {
  if (spec.features.length === 0)
    throw new ModelOptionError(
      'The backbone was made without features; give the stages, as in { features: [1, 2, 3] }.',
    );
  return spec.features.map((stage, i) => [stage, featureNorms[i]!]);
}

/** The maps, keeping nothing. */
export function applyFeatures(backbone: SwinMaps, pixels: Tensor, options: BodyOptions): Tensor[] {
  const norms = wanted(backbone);
  const states = applyBody(backbone, pixels, options, backbone.spec.features);
  return normed(states, options.context, norms, (norm, state, context) => norm.apply(state, context));
}

/** Each state, which is freed, by its norm. */
function normed(
  states: readonly Tensor[],
  context: Context,
  norms: readonly [stage: number, norm: Differentiable][],
  use: (norm: Differentiable, state: Tensor, context: Context) => Tensor,
): Tensor[] {
  return holding((held) => {
    for (const state of states) held.add(state);
    const maps = norms.map(([stage, norm], i) => {
      const map = held.add(use(norm, states[i]!, context.child(part(stage))));
      held.free(states[i]!);
      return map;
    });
    return maps.map((map) => held.release(map));
  });
}

/**
 * The maps with their pullback: gradients flow in at every stage, and down through the stages below it. With `frozen` nothing of the
 * backbone gets a gradient. Pixels are borrowed until the pullback has run.
 */
export function traceFeatures(backbone: SwinMaps, pixels: Tensor, options: BodyOptions): TracedFeatures {
  const norms = wanted(backbone);
  const body = traceBody(backbone, pixels, options, backbone.spec.features);
  return holding((held) => {
    held.add(body.pullback);
    const pullbacks: ReturnType<Differentiable['trace']>['pullback'][] = [];
    const isFrozen = options.method.name === 'frozen';
    const maps = normed(body.values, options.context, norms, (norm, state, context) => {
      if (isFrozen) return norm.apply(state, context);
      const { value, pullback } = norm.trace(state, context);
      pullbacks.push(held.add(pullback));
      return value;
    });
    const run = (dMaps: readonly (Tensor | null)[], sink: Sink): Tensor | null => {
      if (dMaps.length !== norms.length)
        throw new RangeError(
          `${dMaps.length} gradients were given for ${norms.length} maps; give null where there is none.`,
        );
      if (isFrozen) return null;
      const states: (Tensor | null)[] = [];
      try {
        for (const [i, dMap] of dMaps.entries()) states.push(dMap && pullbacks[i]!(dMap, sink));
      } catch (error) {
        dispose(states.filter((state) => state !== null));
        throw error;
      }
      return body.pullback(states, sink);
    };
    return { maps, pullback: once('the features', [...pullbacks, body.pullback], run), reports: body.reports };
  });
}
