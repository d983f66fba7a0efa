/**
 * Group normalisation (Wu and He, arXiv 1803.08494) of maps whose channels come last: the channels of a group are normalised over the whole
 * map. With x̂ = (x − mean)·r and g = dy·gain: dx = r·(g − mean(g) − x̂·mean(g·x̂)), means over a group.
 */
import { type Differentiable, holding, once, type Parameter, type Sink, type Traced } from '@dr2net/ops';
import { add, mean, mul, reshape, rsqrt, square, sub, sum, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';

/** x [batch, …, C] → the same shape. The trace keeps x (shared) and two numbers a channel. */
export class GroupNorm implements Differentiable {
  readonly parameters: readonly Parameter[];

  /**
   * @param gain [C]
   * @param bias [C]
   * @param groups divides C
   * @param epsilon added to the variance
   * @throws RangeError where the groups do not divide C
   */
  constructor(
    private readonly gain: Parameter,
    private readonly bias: Parameter,
    private readonly groups: number,
    private readonly epsilon: number,
  ) {
    const [width] = gain.shape;
    if (!Number.isInteger(groups) || groups < 1 || width! % groups !== 0)
      throw new RangeError(`GroupNorm: ${groups} groups do not divide the ${width} channels of ${gain.name}.`);
    this.parameters = [gain, bias];
  }

  apply(x: Tensor): Tensor {
    return tidy(() => this.#value(rowsOf(x), x.shape).value);
  }

  trace(x: Tensor): Traced {
    return holding((kept) => {
      const { value, average, r } = tidy(() => this.#value(rowsOf(x), x.shape));
      kept.keep(average);
      kept.keep(r);
      const own = kept.keep(kept.share(x));
      const run = (dy: Tensor, sink: Sink) => this.#pull(own, average, r, dy, sink);
      return { value, pullback: once('group norm', [kept], run) };
    });
  }

  /** Of [batch, 1, C]: the mean over a group's channels, for each of them. */
  #overGroup(x: Tensor): Tensor {
    const [batch, , width] = x.shape as [number, number, number];
    const each = width / this.groups;
    const one = mean(reshape(x, [batch, this.groups, each]), 2, true);
    return reshape(tile(one, [1, 1, each]), [batch, 1, width]);
  }

  #value(x: Tensor, shape: readonly number[]) {
    const average = this.#overGroup(mean(x, 1, true));
    const centred = sub(x, average);
    const r = rsqrt(add(this.#overGroup(mean(square(centred), 1, true)), this.epsilon));
    const value = add(mul(centred, mul(r, this.gain.variable)), this.bias.variable);
    return { value: reshape(value, [...shape]), average, r };
  }

  #pull(x: Tensor, average: Tensor, r: Tensor, dy: Tensor, sink: Sink): Tensor {
    const { gain, bias } = this;
    return holding((held) => {
      const made = tidy(() => {
        const [rows, d] = [rowsOf(x), rowsOf(dy)];
        const hat = mul(sub(rows, average), r);
        const product = mul(d, hat);
        const scaled = mul(r, gain.variable);
        const [along, across] = [
          this.#overGroup(mul(mean(product, 1, true), gain.variable)),
          this.#overGroup(mul(mean(d, 1, true), gain.variable)),
        ];
        const dx = sub(mul(d, scaled), mul(r, add(mul(hat, along), across)));
        return {
          dx: reshape(dx, x.shape),
          ...(gain.trainable && { gain: sum(product, [0, 1]) }),
          ...(bias.trainable && { bias: sum(d, [0, 1]) }),
        };
      });
      for (const tensor of Object.values(made)) held.add(tensor);
      if (made.gain) sink(gain, held.release(made.gain));
      if (made.bias) sink(bias, held.release(made.bias));
      return held.release(made.dx);
    });
  }
}

/** [batch, …, C] → [batch, places, C], the same data. */
function rowsOf(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, -1, x.shape.at(-1)!]);
}
