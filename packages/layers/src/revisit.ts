/**
 * A chain of layers gone forward and back at once (`revisit` of `Differentiable`): one layer of it works in parts, what stands behind
 * that one multiplies by factors (masks, LayerScale), so that the gradient reaches the one in parts before its value is there.
 */
import { type Context, type Differentiable, holding, type Revisited, type Sink, share } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { traceAll } from './chain.ts';

/** The place of the layer in parts; undefined where a chain cannot be gone through so. */
export function revisitable(layers: readonly Differentiable[]): number | undefined {
  const at = layers.findIndex(({ revisit }) => revisit !== undefined);
  return at >= 0 && layers.slice(at + 1).every(({ diagonal }) => diagonal) ? at : undefined;
}

const trains = ({ parameters }: Differentiable) => parameters.some(({ trainable }) => trainable);

/** Layer i runs in `context.child(i)`. */
export function revisitAll(
  what: string,
  layers: readonly Differentiable[],
  at: number,
  x: Tensor,
  dy: Tensor,
  context: Context,
  sink: Sink,
): Revisited {
  return holding((alive) => {
    // Down to the layer in parts. A diagonal layer is its own transpose; one that learns needs what arrived at it once more.
    const arrived = new Map<number, Tensor>();
    let d = alive.add(share(dy));
    for (let j = layers.length - 1; j > at; j--) {
      const below = alive.add(layers[j]!.apply(d, context.child(j)));
      if (trains(layers[j]!)) arrived.set(j, d);
      else alive.free(d);
      d = below;
    }
    const before = traceAll(what, layers.slice(0, at), x, context);
    alive.add(before.value);
    alive.add(before.pullback);
    const middle = layers[at]!.revisit!(before.value, d, context.child(at), sink);
    alive.add(middle.gradient);
    let value = alive.add(middle.value);
    alive.free(before.value);
    alive.free(d);
    for (let j = at + 1; j < layers.length; j++) {
      const upper = arrived.get(j);
      const layer = layers[j]!;
      const traced = upper && layer.trace(value, context.child(j));
      const next = alive.add(traced ? traced.value : layer.apply(value, context.child(j)));
      alive.free(value);
      value = next;
      if (!traced) continue;
      traced.pullback(upper, sink).dispose();
      alive.free(upper);
    }
    alive.release(before.pullback);
    const gradient = before.pullback(middle.gradient, sink);
    alive.free(middle.gradient);
    return { value, gradient };
  });
}
