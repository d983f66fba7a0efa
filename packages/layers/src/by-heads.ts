/**
 * LayerNorm and attention a group of heads at a time, `context.chunks` groups (at most one a head): a group's queries, keys and values
 * come of its own columns of the fused weight, so that those of one group are alive at a time. The normalised input is made again for
 * each use: a pass over one state, where keeping it would be a state more.
 */
import {
  attention,
  type Context,
  type Differentiable,
  hold,
  holding,
  linear,
  once,
  type ResidualTerms,
  type Revisited,
  type Sink,
  scope,
} from '@dr2net/ops';
import { concat, dispose, reshape, slice, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { type AttentionParts, selfAttention, withoutKeyThird } from './attention.ts';
import { freeing } from './chain.ts';
import { Linear } from './linear.ts';
import { join, type Part, partsOf, take } from './parts.ts';
import { sequential } from './sequential.ts';

/** What a walk over the groups makes. */
type Walked = {
  /** The heads' outputs [batch, tokens, width]. */
  readonly outputs: Tensor;
  /** Of the normalised input. */
  readonly gradient: Tensor;
  /** Of the fused weight and bias, where they are trained. */
  readonly weight?: Tensor;
  readonly bias?: Tensor;
};

class ByHeads implements Differentiable {
  readonly parameters;
  readonly #whole: Differentiable;
  readonly #projection: Linear;

  constructor(
    private readonly what: string,
    private readonly norm: Differentiable,
    private readonly parts: AttentionParts,
  ) {
    this.#whole = sequential(what, [norm, selfAttention(parts)]);
    this.#projection = new Linear(parts.projection, parts.projectionBias);
    this.parameters = this.#whole.parameters;
  }

  apply(x: Tensor, context: Context): Tensor {
    if (context.chunks === 1) return this.#whole.apply(x, context);
    return scope(() => this.#projection.apply(this.#outputs(x, context)));
  }

  applyWithResidual(x: Tensor, context: Context, terms: ResidualTerms): Tensor {
    if (context.chunks === 1) return this.#whole.applyWithResidual!(x, context, terms);
    return scope(() => this.#projection.applyWithResidual(this.#outputs(x, context), context, terms));
  }

  trace(x: Tensor, context: Context) {
    if (context.chunks === 1) return this.#whole.trace(x, context);
    const value = this.apply(x, context);
    const kept = hold(x);
    const pullback = once(this.what, [kept], (dy: Tensor, sink: Sink) => {
      const revisited = this.revisit(kept, dy, context, sink);
      revisited.value.dispose();
      return revisited.gradient;
    });
    return { value, pullback };
  }

  revisit(x: Tensor, dy: Tensor, context: Context, sink: Sink): Revisited {
    return holding((held) => {
      const { outputs, gradient, weight, bias } = scope(() => this.#walk(x, dy, context, sink));
      for (const tensor of [outputs, gradient, weight, bias]) if (tensor) held.add(tensor);
      if (weight) sink(this.parts.qkv, held.release(weight));
      if (bias) sink(this.parts.qkvBias!, held.release(bias));
      const normed = this.norm.trace(x, context.child(0));
      normed.value.dispose();
      const before = held.add(normed.pullback(gradient, sink));
      held.free(gradient);
      const { value, pullback } = this.#projection.trace(outputs);
      held.add(value);
      held.free(outputs);
      pullback.parametersOnly(dy, sink);
      return { value, gradient: before };
    });
  }

  #groups({ chunks }: Context): Part[] {
    return partsOf(this.parts.heads, chunks);
  }

  /** LayerNorm's output for as long as `use` runs. */
  #normed<Result>(x: Tensor, context: Context, use: (normed: Tensor) => Result): Result {
    const normed = this.norm.apply(x, context.child(0));
    const result = use(normed);
    normed.dispose();
    return result;
  }

  /** A group's columns of the fused weight [width, 3·width] and bias: [width, 3·n], [3·n], n channels of its heads. */
  #columns({ from, count }: Part): { weight: Tensor; bias: Tensor | undefined } {
    const { qkv, qkvBias, heads } = this.parts;
    const width = qkv.variable.shape[0]!;
    const [first, n] = [(from * width) / heads, (count * width) / heads];
    const columns = (fused: Tensor, rows: number) =>
      reshape(slice(reshape(fused, [rows, 3, width]), [0, 0, first], [rows, 3, n]), [rows, 3 * n]);
    return {
      weight: columns(qkv.variable, width),
      bias: qkvBias ? reshape(columns(qkvBias.variable, 1), [3 * n]) : undefined,
    };
  }

  /** The outputs of all heads. */
  #outputs(x: Tensor, context: Context): Tensor {
    const outputs = this.#normed(x, context, (normed) =>
      this.#groups(context).map((group) =>
        scope(() => {
          const { weight, bias } = this.#columns(group);
          return attention.apply(linear.apply(normed, weight, bias), { heads: group.count });
        }),
      ),
    );
    const all = concat(outputs, -1);
    dispose(outputs);
    return all;
  }

  /** Forward and back through the groups, but for the projection's own parameters. In a `scope`. */
  #walk(x: Tensor, dy: Tensor, context: Context, { summing }: Sink): Walked {
    const { qkv, qkvBias, keyless } = this.parts;
    const width = x.shape.at(-1)!;
    const outputs: Tensor[] = [];
    const weights: Tensor[] = [];
    const biases: Tensor[] = [];
    let sums: Tensor[] = [];
    const wanted = { weight: qkv.trainable, bias: qkvBias?.trainable ?? false };
    for (const group of this.#groups(context)) {
      const made = scope(() => this.#group(x, dy, group, context, wanted, sums));
      sums = made.sums;
      outputs.push(made.output);
      if (made.weight) {
        summing?.(made.weight);
        weights.push(made.weight);
      }
      if (made.bias) biases.push(made.bias);
    }
    const whole = () => reshape(concat(biases, 2), [3 * width]);
    // One after the other, so that no more than one is there twice.
    const gradient = join(sums, x);
    const joined = concat(outputs, -1);
    dispose(outputs);
    return {
      outputs: joined,
      gradient,
      ...(wanted.weight && { weight: reshape(concat(weights, 2), [width, 3 * width]) }),
      ...(wanted.bias && { bias: keyless ? withoutKeyThird(whole()) : whole() }),
    };
  }

  /** One group. `sums`, parts of the rows of the normalised input's gradient, are taken over; those with this group's are among the results. */
  #group(
    x: Tensor,
    dy: Tensor,
    group: Part,
    context: Context,
    wanted: { readonly weight: boolean; readonly bias: boolean },
    sums: readonly Tensor[],
  ) {
    const width = x.shape.at(-1)!;
    const [first, n] = [group.from, group.count].map((heads) => (heads * width) / this.parts.heads) as [number, number];
    const fused = scope(() => {
      const { weight, bias } = this.#columns(group);
      return this.#normed(x, context, (normed) => linear.apply(normed, weight, bias));
    });
    const { value: output, pullback } = attention.trace(fused, { heads: group.count });
    fused.dispose();
    const dFused = freeing([pullback], () => {
      const dOutput = scope(() =>
        linear.apply(dy, transpose(slice(this.parts.projection.variable, [first, 0], [n, width]))),
      );
      const { qkv } = pullback(dOutput);
      dOutput.dispose();
      return qkv!;
    });
    // Once more, rather than kept while the pullback ran.
    const { weight } = this.#columns(group);
    const gradients =
      wanted.weight || wanted.bias
        ? this.#normed(x, context, (normed) => linear.gradients(normed, weight, dFused, wanted))
        : {};
    const back = transpose(weight);
    weight.dispose();
    return {
      output,
      sums: this.#added(sums, dFused, back, context),
      ...(gradients.weight && { weight: reshape(gradients.weight, [width, 3, n]) }),
      ...(gradients.bias && { bias: reshape(gradients.bias, [1, 3, n]) }),
    };
  }

  /** sums + dFused·back, a part of the rows at a time, so that no temporary is a whole state. Takes the sums over. */
  #added(sums: readonly Tensor[], dFused: Tensor, back: Tensor, { chunks }: Context): Tensor[] {
    return partsOf(dFused.size / back.shape[0]!, chunks).map((part, i) => {
      const rows = take(dFused, part);
      const sum = sums[i];
      const next = sum
        ? linear.applyWithResidual(rows, back, undefined, { x: sum, previous: sum, alpha: 1, beta: 0 })
        : linear.apply(rows, back);
      dispose(sum ? [rows, sum] : rows);
      return next;
    });
  }
}

/** Attention over LayerNorm's output: x [batch, tokens, width] → the same shape. With `context.chunks` 1 all heads at once. */
export function byHeads(what: string, norm: Differentiable, parts: AttentionParts): Differentiable {
  return new ByHeads(what, norm, parts);
}
