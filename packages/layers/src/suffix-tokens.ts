/** Learned tokens put after all others: the detection tokens of YOLOS (arXiv 2106.00666, section 3.1). */
import { type Differentiable, once, type Parameter, type Sink, type Traced } from '@dr2net/ops';
import { concat, slice, sum, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';

/** x [batch, tokens, width] → [batch, tokens + suffix, width]. */
export class SuffixTokens implements Differentiable {
  readonly parameters: readonly Parameter[];

  /** @param tokens [1, suffix, width] */
  constructor(private readonly tokens: Parameter) {
    this.parameters = [tokens];
  }

  apply(x: Tensor): Tensor {
    return tidy(() => concat([x, tile(this.tokens.variable, [x.shape[0]!, 1, 1])], 1));
  }

  trace(x: Tensor): Traced {
    const before = x.shape[1]!;
    const run = (dy: Tensor, sink: Sink): Tensor => {
      if (this.tokens.trainable)
        sink(
          this.tokens,
          tidy(() => sum(slice(dy, [0, before, 0], [-1, -1, -1]), 0, true)),
        );
      return slice(dy, [0, 0, 0], [-1, before, -1]);
    };
    return { value: this.apply(x), pullback: once('suffix tokens', [], run) };
  }
}
