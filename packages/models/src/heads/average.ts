/** The mean of the outputs of several layers on the same input (DeiT's two classifiers). */
import { type Context, type Differentiable, holding, once, type Sink, type Traced } from '@dr2net/ops';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';

const sumOf = (tensors: readonly Tensor[]): Tensor => tidy(() => tensors.reduce((sum, next) => add(sum, next)));

export function average(layers: readonly Differentiable[]): Differentiable {
  const [only] = layers;
  if (!only) throw new RangeError('An average needs at least one layer.');
  if (layers.length === 1) return only;
  const share = 1 / layers.length;

  const apply = (x: Tensor, context: Context): Tensor =>
    tidy(() => mul(sumOf(layers.map((layer, i) => layer.apply(x, context.child(i)))), share));

  const trace = (x: Tensor, context: Context): Traced =>
    holding((held) => {
      const traced = layers.map((layer, i) => {
        const { value, pullback } = layer.trace(x, context.child(i));
        return { value: held.add(value), pullback: held.add(pullback) };
      });
      const values = traced.map((one) => one.value);
      const pullbacks = traced.map((one) => one.pullback);
      const value = tidy(() => mul(sumOf(values), share));
      held.free(...values);
      const run = (dy: Tensor, sink: Sink): Tensor =>
        holding((own) => {
          const part = own.add(mul(dy, share));
          const gradients = pullbacks.map((pullback) => own.add(pullback(part, sink)));
          const dx = sumOf(gradients);
          own.free(part, ...gradients);
          return dx;
        });
      return { value, pullback: once('average', pullbacks, run) };
    });

  return { parameters: layers.flatMap((layer) => layer.parameters), apply, trace };
}
