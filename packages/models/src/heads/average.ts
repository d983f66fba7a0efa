/** The mean of the outputs of several layers on the same input (DeiT's two classifiers). */
import type { Context, Differentiable, Parameter, Pullback, Sink, Traced } from '@dr2net/ops';
import { add, mul, type Tensor } from '@tensorflow/tfjs-core';

/** Replaces `total` by `total + next`; both are taken over. */
function accumulate(total: Tensor | undefined, next: Tensor): Tensor {
  if (!total) return next;
  const both = add(total, next);
  total.dispose();
  next.dispose();
  return both;
}

function scaled(x: Tensor, factor: number): Tensor {
  const y = mul(x, factor);
  x.dispose();
  return y;
}

export function average(layers: readonly Differentiable[]): Differentiable {
  const [only] = layers;
  if (!only) throw new RangeError('An average needs at least one layer.');
  if (layers.length === 1) return only;
  const parameters: readonly Parameter[] = layers.flatMap((layer) => layer.parameters);

  /** Sums what `run` gives for each layer; frees the sum when one throws. */
  const total = (run: (layer: Differentiable, i: number) => Tensor): Tensor => {
    let sum: Tensor | undefined;
    try {
      layers.forEach((layer, i) => {
        sum = accumulate(sum, run(layer, i));
      });
    } catch (error) {
      sum?.dispose();
      throw error;
    }
    return sum!;
  };

  const apply = (x: Tensor, context: Context): Tensor =>
    scaled(
      total((layer, i) => layer.apply(x, context.child(i))),
      1 / layers.length,
    );

  const trace = (x: Tensor, context: Context): Traced => {
    const pullbacks: Pullback[] = [];
    const free = () => {
      for (const pullback of pullbacks) pullback.dispose();
    };
    let sum: Tensor;
    try {
      sum = total((layer, i) => {
        const traced = layer.trace(x, context.child(i));
        pullbacks.push(traced.pullback);
        return traced.value;
      });
    } catch (error) {
      free();
      throw error;
    }
    const run = (dy: Tensor, sink: Sink): Tensor => {
      const part = mul(dy, 1 / layers.length);
      try {
        return total((_, i) => pullbacks[i]!(part, sink));
      } catch (error) {
        free();
        throw error;
      } finally {
        part.dispose();
      }
    };
    return { value: scaled(sum, 1 / layers.length), pullback: Object.assign(run, { dispose: free }) };
  };
  return { parameters, apply, trace };
}
