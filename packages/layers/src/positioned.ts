/**
 * A sub-block with learned positions of its own, inside the branch: F(x) = p + f(x + p). So the recurrence stays pure, and at
 * (α, β) = (1, 0) it is the network that adds p to the state before f: x + F(x) = (x + p) + f(x + p). YOLOS has such positions before every
 * block but the first (arXiv 2106.00666, section 3.1).
 */
import type { SubBlock } from '@dr2net/core';
import { holding, once, type Parameter, type Revisited, type Sink, type Traced } from '@dr2net/ops';
import { add, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * A sub-block with learned positions of its own inside the branch: F(x) = p + f(x + p), p the table.
 * @param table p [1, tokens, width]
 */
export function positioned(inner: SubBlock, table: Parameter): SubBlock {
  const p = table.variable;

  /** ∂L/∂p = Σ over the batch of what comes through f and of what goes past it. */
  const deliver = (through: Tensor, dy: Tensor, sink: Sink): void => {
    if (table.trainable)
      sink(
        table,
        tidy(() => sum(add(through, dy), 0, true)),
      );
  };

  const trace: SubBlock['trace'] = (x, context): Traced =>
    holding((held) => {
      const z = held.add(add(x, p));
      const { value, pullback } = inner.trace(z, context);
      held.add(value);
      held.add(pullback);
      const shifted = add(value, p);
      held.free(z, value);
      const run = (dy: Tensor, sink: Sink): Tensor =>
        holding((own) => {
          const through = own.add(pullback(dy, sink));
          deliver(through, dy, sink);
          return own.release(through);
        });
      return { value: shifted, pullback: once(`${inner.name} with positions`, [pullback], run) };
    });

  const revisit = inner.revisit;
  return {
    name: inner.name,
    parameters: [table, ...inner.parameters],
    apply: (x, context) => tidy(() => add(inner.apply(add(x, p), context), p)),
    trace,
    ...(revisit && {
      revisit: (x, dy, context, sink): Revisited =>
        holding((held) => {
          const z = held.add(add(x, p));
          const { value, gradient } = revisit(z, dy, context, sink);
          held.add(value);
          held.add(gradient);
          held.free(z);
          deliver(gradient, dy, sink);
          const shifted = add(value, p);
          held.free(value);
          return { value: shifted, gradient: held.release(gradient) };
        }),
    }),
  };
}
