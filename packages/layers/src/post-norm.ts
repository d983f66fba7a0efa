/**
 * Post-norm layers as residual functions. A post-norm transformer makes x ← LN(x + A(x)) (Vaswani et al., arXiv 1706.03762); with
 * F(x) = LN(x + A(x)) − x that is x + F(x), so at (α, β) = (1, 0) the recurrence is the published network, and elsewhere it inverts as any.
 */
import type { SubBlock } from '@dr2net/core';
import { type Context, type Differentiable, holding, once, type Sink, type Traced } from '@dr2net/ops';
import { add, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { byRows } from './by-rows.ts';

function layer(name: string, branch: Differentiable, norm: Differentiable): Differentiable {
  return {
    parameters: [...branch.parameters, ...norm.parameters],
    apply: (x, context) => tidy(() => sub(norm.apply(add(x, branch.apply(x, context)), context), x)),
    trace: (x: Tensor, context: Context): Traced =>
      holding((held) => {
        const inner = branch.trace(x, context);
        held.add(inner.value);
        held.add(inner.pullback);
        const z = held.add(add(x, inner.value));
        held.free(inner.value);
        const normed = norm.trace(z, context);
        held.add(normed.value);
        held.add(normed.pullback);
        held.free(z);
        const value = sub(normed.value, x);
        held.free(normed.value);
        const run = (dy: Tensor, sink: Sink): Tensor =>
          holding((own) => {
            const dz = own.add(normed.pullback(dy, sink));
            const through = own.add(inner.pullback(dz, sink));
            const dx = tidy(() => sub(add(dz, through), dy));
            own.free(dz, through);
            return dx;
          });
        return { value, pullback: once(name, [inner.pullback, normed.pullback], run) };
      }),
  };
}

/**
 * F(x) = norm(x + branch(x)) − x.
 * @param rows whether the branch works on each row by itself and draws no random masks: then it goes in `context.chunks` parts of the rows
 */
export function postNormSubBlock(name: string, branch: Differentiable, norm: Differentiable, rows = false): SubBlock {
  const whole = layer(name, branch, norm);
  return { name, ...(rows ? byRows(name, whole) : whole) };
}
