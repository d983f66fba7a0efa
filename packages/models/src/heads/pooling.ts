/** What a classification head reads of the tokens, as layers: [batch, tokens, width] → [batch, features]. */
import { type Differentiable, once, type Parameter, type Traced } from '@dr2net/ops';
import { add, concat, mul, pad, reshape, slice, sum, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';

abstract class Pool implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  abstract apply(tokens: Tensor): Tensor;

  /** The gradient of the tokens [batch, tokens, width] from that of the pooled features. */
  protected abstract spread(dy: Tensor, tokens: number): Tensor;

  trace(x: Tensor): Traced {
    const tokens = x.shape[1]!;
    return { value: this.apply(x), pullback: once('pooling', [], (dy: Tensor) => tidy(() => this.spread(dy, tokens))) };
  }
}

/** One token. */
export class TokenPool extends Pool {
  /** @param index of the token */
  constructor(private readonly index: number) {
    super();
  }

  apply(x: Tensor): Tensor {
    return tidy(() => {
      const [batch, , width] = x.shape as [number, number, number];
      return reshape(slice(x, [0, this.index, 0], [-1, 1, -1]), [batch, width]);
    });
  }

  protected spread(dy: Tensor, tokens: number): Tensor {
    const [batch, width] = dy.shape as [number, number];
    return pad(reshape(dy, [batch, 1, width]), [
      [0, 0],
      [this.index, tokens - 1 - this.index],
      [0, 0],
    ]);
  }
}

/** The mean of the patch tokens. */
export class MeanPool extends Pool {
  /** @param prefix tokens before the patch tokens */
  constructor(private readonly prefix: number) {
    super();
  }

  apply(x: Tensor): Tensor {
    return tidy(() => {
      const patches = slice(x, [0, this.prefix, 0], [-1, -1, -1]);
      return mul(sum(patches, 1), 1 / patches.shape[1]!);
    });
  }

  protected spread(dy: Tensor, tokens: number): Tensor {
    const [batch, width] = dy.shape as [number, number];
    const patches = tokens - this.prefix;
    const each = reshape(mul(dy, 1 / patches), [batch, 1, width]);
    return pad(tile(each, [1, patches, 1]), [
      [0, 0],
      [this.prefix, 0],
      [0, 0],
    ]);
  }
}

/** Two poolings side by side: [first, second]. */
export class PairPool implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  constructor(
    private readonly first: Pool,
    private readonly second: Pool,
  ) {}

  apply(x: Tensor): Tensor {
    return tidy(() => concat([this.first.apply(x), this.second.apply(x)], 1));
  }

  trace(x: Tensor): Traced {
    const width = x.shape[2]!;
    const traces = [this.first.trace(x), this.second.trace(x)];
    const value = tidy(() =>
      concat(
        traces.map((traced) => traced.value),
        1,
      ),
    );
    for (const traced of traces) traced.value.dispose();
    const run = (dy: Tensor): Tensor =>
      tidy(() => {
        const parts = traces.map(({ pullback }, i) => pullback(slice(dy, [0, i * width], [-1, width]), () => {}));
        return parts.reduce((total, part) => add(total, part));
      });
    return {
      value,
      pullback: once(
        'pooling',
        traces.map(({ pullback }) => pullback),
        run,
      ),
    };
  }
}
