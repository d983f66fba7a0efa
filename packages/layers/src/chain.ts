/**
 * Layers one after the other. Each intermediate value is let go as soon as the next layer has been traced (a layer's
 * pullback keeps what it needs of its own), and each gradient as soon as the layer below has taken it.
 */
import type { Context, Differentiable, Pullback, Sink, Traced } from '@dr2net/ops';
import { PullbackSpentError, share } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

/** x through all layers; the result is owned by the caller. Layer i runs in `context.child(first + i)`. */
export function applyAll(layers: readonly Differentiable[], x: Tensor, context: Context, first = 0): Tensor {
  let value = share(x);
  layers.forEach((layer, i) => {
    const next = freeing([value], () => layer.apply(value, context.child(first + i)));
    value.dispose();
    value = next;
  });
  return value;
}

/** Runs a function and frees `held` when it throws. */
export function freeing<Result>(held: readonly { dispose(): void }[], body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    for (const item of held) item.dispose();
    throw error;
  }
}

/** The pullbacks of a chain as one: last first. */
function chainPullbacks(what: string, pullbacks: Pullback[]): Pullback {
  const waiting = [...pullbacks];
  let spent = false;
  const run = (dy: Tensor, sink: Sink): Tensor => {
    if (spent) throw new PullbackSpentError(what);
    spent = true;
    let gradient = share(dy);
    for (let pullback = waiting.pop(); pullback; pullback = waiting.pop()) {
      const current = pullback;
      const upper = gradient;
      gradient = freeing([upper, ...waiting], () => current(upper, sink));
      upper.dispose();
    }
    return gradient;
  };
  return Object.assign(run, {
    dispose: () => {
      if (spent) return;
      spent = true;
      for (const pullback of waiting) pullback.dispose();
    },
  });
}

/** The trace of a chain of layers; layer i runs in `context.child(first + i)`. */
export function traceAll(
  what: string,
  layers: readonly Differentiable[],
  x: Tensor,
  context: Context,
  first = 0,
): Traced {
  const pullbacks: Pullback[] = [];
  let value = share(x);
  layers.forEach((layer, i) => {
    const traced = freeing([value, ...pullbacks], () => layer.trace(value, context.child(first + i)));
    value.dispose();
    value = traced.value;
    pullbacks.push(traced.pullback);
  });
  return { value, pullback: chainPullbacks(what, pullbacks) };
}
