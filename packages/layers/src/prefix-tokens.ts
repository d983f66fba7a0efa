/** Learned tokens put before the patch tokens: class, distillation. */
import { type Differentiable, once, type Parameter, type Sink, type Traced } from '@dr2net/ops';
import { concat, slice, sum, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';

/** x [batch, tokens, width] → [batch, prefix + tokens, width]. */
export class PrefixTokens implements Differentiable {
  /** @param parameters one token each, [1, 1, width] */
  constructor(readonly parameters: readonly Parameter[]) {}

  apply(x: Tensor): Tensor {
    const batch = x.shape[0]!;
    return tidy(() => concat([...this.parameters.map((token) => tile(token.variable, [batch, 1, 1])), x], 1));
  }

  trace(x: Tensor): Traced {
    const prefix = this.parameters.length;
    const run = (dy: Tensor, sink: Sink): Tensor => {
      this.parameters.forEach((token, i) => {
        if (token.trainable)
          sink(
            token,
            tidy(() => sum(slice(dy, [0, i, 0], [-1, 1, -1]), 0, true)),
          );
      });
      return slice(dy, [0, prefix, 0], [-1, -1, -1]);
    };
    return { value: this.apply(x), pullback: once('prefix tokens', [], run) };
  }
}
