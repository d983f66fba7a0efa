/** A layer made of layers, one after the other (`chain.ts`). */
import type { Context, Differentiable, ResidualTerms, Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { applyAll, freeing, traceAll } from './chain.ts';
import { revisitAll, revisitable } from './revisit.ts';

/**
 * A layer made of layers.
 * @param what named in the error when its pullback is called twice
 */
export function sequential(what: string, layers: readonly Differentiable[]): Differentiable {
  const last = layers.at(-1);
  const inParts = revisitable(layers);
  return {
    ...(last?.applyWithResidual && {
      applyWithResidual(x: Tensor, context: Context, terms: ResidualTerms) {
        const before = applyAll(layers.slice(0, -1), x, context);
        return freeing([before], () => {
          const value = last.applyWithResidual!(before, context.child(layers.length - 1), terms);
          before.dispose();
          return value;
        });
      },
    }),
    ...(inParts !== undefined && {
      revisit: (x: Tensor, dy: Tensor, context: Context, sink: Sink) =>
        revisitAll(what, layers, inParts, x, dy, context, sink),
    }),
    parameters: layers.flatMap((layer) => layer.parameters),
    apply: (x, context) => applyAll(layers, x, context),
    trace: (x, context) => traceAll(what, layers, x, context),
  };
}
