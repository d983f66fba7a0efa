/**
 * A linear layer of each member of a group beside the group's maximum (PointNet, arXiv 1612.00593): [max, x]·W = x·Wₓ + max·Wₘ. The
 * maximum's product is made once a group, and the two are never put side by side.
 */
import {
  type Differentiable,
  holding,
  linear,
  neighbourMax,
  once,
  type Parameter,
  type Sink,
  type Traced,
} from '@dr2net/ops';
import { add, concat, expandDims, slice, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** x [groups, K, C] → [the group's maximum, x]·W + b, [groups, K, out]. */
export class GroupLinear implements Differentiable {
  readonly parameters: readonly Parameter[];

  /**
   * @param weight [2·C, out], the maximum's rows first
   * @param bias [out], or null
   */
  constructor(
    private readonly weight: Parameter,
    private readonly bias: Parameter | null = null,
  ) {
    this.parameters = bias ? [weight, bias] : [weight];
  }

  apply(x: Tensor): Tensor {
    return tidy(() => this.#value(x, neighbourMax.apply(x), this.#split()));
  }

  trace(x: Tensor): Traced {
    return holding((kept) => {
      const { value: most, winner } = neighbourMax.winners(x);
      for (const each of [most, winner]) kept.keep(each);
      const own = kept.keep(kept.share(x));
      const weights = this.#split();
      for (const each of weights) kept.keep(each);
      const value = tidy(() => this.#value(x, most, weights));
      const run = (dy: Tensor, sink: Sink) => this.#pull({ x: own, most, winner, weights }, dy, sink);
      return { value, pullback: once('group linear', [kept], run) };
    });
  }

  #split(): readonly [ofMost: Tensor, ofOwn: Tensor] {
    const [rows, out] = this.weight.shape as [number, number];
    const half = (i: number) => slice(this.weight.variable, [(i * rows) / 2, 0], [rows / 2, out]);
    return [half(0), half(1)];
  }

  #value(x: Tensor, most: Tensor, [ofMost, ofOwn]: readonly [Tensor, Tensor]): Tensor {
    const brought = linear.apply(most, ofMost, this.bias?.variable);
    return add(linear.apply(x, ofOwn), expandDims(brought, 1));
  }

  #pull(
    {
      x,
      most,
      winner,
      weights: [ofMost, ofOwn],
    }: { x: Tensor; most: Tensor; winner: Tensor; weights: readonly [Tensor, Tensor] },
    dy: Tensor,
    sink: Sink,
  ): Tensor {
    return holding((held) => {
      const weighs = this.weight.trainable;
      const dBrought = held.add(sum(dy, 1));
      const high = linear.gradients(most, ofMost, dBrought, {
        x: true,
        weight: weighs,
        bias: this.bias?.trainable ?? false,
      });
      for (const each of Object.values(high)) held.add(each);
      held.free(dBrought);
      const own = linear.gradients(x, ofOwn, dy, { x: true, weight: weighs });
      for (const each of Object.values(own)) held.add(each);
      const ofWinners = held.add(neighbourMax.gradient(winner, high.x!, x.shape[1]!));
      const dx = held.add(add(own.x!, ofWinners));
      held.free(ofWinners, own.x, high.x);
      if (high.weight && own.weight) {
        const whole = concat([high.weight, own.weight], 0);
        held.free(high.weight, own.weight);
        sink(this.weight, whole);
      }
      if (high.bias) sink(this.bias!, held.release(high.bias));
      return held.release(dx);
    });
  }
}
