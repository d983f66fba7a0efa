/**
 * Multi-head self-attention: one fused linear layer to queries, keys and values [width, 3·width], scaled dot-product
 * attention, and a projection back (Vaswani et al., arXiv 1706.03762).
 */
import { attention, type Differentiable, type Parameter, type Sink, type Traced } from '@dr2net/ops';
import { concat, split, type Tensor, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { Linear } from './linear.ts';
import { sequential } from './sequential.ts';

/** softmax(q·kᵀ·scale)·v of fused qkv [batch, tokens, 3·width] → [batch, tokens, width]. Has no parameters. */
class ScaledDotProduct implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  constructor(private readonly heads: number) {}

  apply(qkv: Tensor): Tensor {
    return attention.apply(qkv, { heads: this.heads });
  }

  trace(qkv: Tensor): Traced {
    const { value, pullback } = attention.trace(qkv, { heads: this.heads });
    const run = (dy: Tensor): Tensor => {
      const gradient = pullback(dy).qkv;
      if (!gradient) throw new Error('The attention op gave no gradient of qkv.');
      return gradient;
    };
    return { value, pullback: Object.assign(run, { dispose: () => pullback.dispose() }) };
  }
}

/**
 * The fused linear layer of a network without key bias (VideoMAE, BEiT). The key third of the fused bias is zero and
 * its gradient is zeroed, so that it stays zero under any optimizer.
 */
class KeylessQkv implements Differentiable {
  readonly parameters: readonly Parameter[];
  private readonly linear: Linear;

  constructor(
    weight: Parameter,
    private readonly bias: Parameter,
  ) {
    this.linear = new Linear(weight, bias);
    this.parameters = this.linear.parameters;
  }

  apply(x: Tensor): Tensor {
    return this.linear.apply(x);
  }

  trace(x: Tensor): Traced {
    const { value, pullback } = this.linear.trace(x);
    const run = (dy: Tensor, sink: Sink): Tensor =>
      pullback(dy, (parameter, gradient) => {
        if (parameter !== this.bias) return sink(parameter, gradient);
        const masked = withoutKeyThird(gradient);
        gradient.dispose();
        sink(parameter, masked);
      });
    return { value, pullback: Object.assign(run, { dispose: () => pullback.dispose() }) };
  }
}

/** The gradient of a keyless bias [3·width]: the keys' third zero. */
export function withoutKeyThird(bias: Tensor): Tensor {
  return tidy(() => {
    const [query, key, value] = split(bias, 3) as [Tensor, Tensor, Tensor];
    return concat([query, zerosLike(key), value]);
  });
}

/** Parameters of {@link selfAttention}; they stay the caller's. */
export interface AttentionParts {
  /** Divides the width. */
  readonly heads: number;
  /** `[width, 3·width]`: queries, keys, values. */
  readonly qkv: Parameter;
  /** [3·width], or null for none. */
  readonly qkvBias: Parameter | null;
  /** Whether the key third of `qkvBias` is fixed at zero. */
  readonly keyless?: boolean;
  /** [width, width]. */
  readonly projection: Parameter;
  /** [width], or null for none. */
  readonly projectionBias: Parameter | null;
}

/** Multi-head self-attention: x [batch, tokens, width] → [batch, tokens, width]. */
export function selfAttention(parts: AttentionParts): Differentiable {
  const { heads, qkv, qkvBias, keyless = false, projection, projectionBias } = parts;
  const toQkv = keyless && qkvBias ? new KeylessQkv(qkv, qkvBias) : new Linear(qkv, qkvBias);
  return sequential('attention', [toQkv, new ScaledDotProduct(heads), new Linear(projection, projectionBias)]);
}
