/** What all implementations of deformable attention have in common: the trace keeps the inputs alone. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { hold, scope } from '../engine.ts';
import { type OpPullback, once } from '../pullback.ts';
import { type Geometry, geometry } from './geometry.ts';
import type { DeformableAttentionKernel, Names } from './index.ts';

export type Inputs = Readonly<Record<Names, Tensor>>;
export type Gradients = Partial<Record<Names, Tensor>>;

export interface Parts {
  /** [B, Q, C] */
  forward(inputs: Inputs, g: Geometry): Tensor;
  /** That of `value`, for dy [B, Q, C]. */
  ofValue(inputs: Inputs, g: Geometry, dy: Tensor): Tensor;
  /** That of `locations`, then that of `weights`: both come from the same products. */
  ofPoints(inputs: Inputs, g: Geometry, dy: Tensor): [Tensor, Tensor];
}

function gradients(parts: Parts, inputs: Inputs, g: Geometry, dy: Tensor, want: (name: Names) => boolean): Gradients {
  const wanted: Gradients = {};
  if (want('value')) wanted.value = parts.ofValue(inputs, g, dy);
  if (want('locations') || want('weights')) {
    const [locations, weights] = parts.ofPoints(inputs, g, dy);
    for (const [name, gradient] of Object.entries({ locations, weights }) as [Names, Tensor][])
      if (want(name)) wanted[name] = gradient;
      else gradient.dispose();
  }
  return wanted;
}

export function keepingInputs(parts: Parts): DeformableAttentionKernel {
  const apply: DeformableAttentionKernel['apply'] = (value, locations, weights, options) => {
    const g = geometry(value, locations, weights, options);
    return scope(() => parts.forward({ value, locations, weights }, g));
  };
  return {
    apply,
    trace(value, locations, weights, options) {
      const g = geometry(value, locations, weights, options);
      const y = apply(value, locations, weights, options);
      const kept = { value: hold(value), locations: hold(locations), weights: hold(weights) };
      const pullback: OpPullback<Names> = once('deformableAttention', Object.values(kept), (dy: Tensor, wanted?) => {
        expectShape('deformableAttention', 'dy', dy, [g.batch, g.queries, g.heads * g.width], 'the shape of the value');
        return scope(() => gradients(parts, kept, g, dy, (name) => (wanted ? wanted[name] === true : true)));
      });
      return { value: y, pullback };
    },
  };
}
