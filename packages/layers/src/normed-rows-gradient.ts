/**
 * `NormedRows` backwards. A batch's statistics make every row's gradient depend on sums over all rows, so there is a pass over the parts for
 * each layer: the gradient above, the sums of the norm below. Products are made again on the way; what is alive of the size of all rows is
 * one tensor, in parts: first the last norm's input, then, part by part in its place, the gradient.
 */
import { type BatchSums, Held, holding, linear, relu, type Sink, type Statistics } from '@dr2net/ops';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { BatchNorm } from './batch-norm.ts';
import type { NormedRows, RowSource } from './normed-rows.ts';
import { Sums } from './sums.ts';
import { Total } from './total.ts';

/** What a norm normalised by: its batch's own statistics, or constants. */
export interface UsedStatistics extends Statistics {
  readonly batch: boolean;
}

/** Some rows that are picked from all (by a maximum): their last norm's input, and what arrives at them beside the parts' gradients. */
export interface PickedGradient {
  /** [picked, width] */
  readonly z: Tensor;
  /** [picked, width], 0 where the ReLU is */
  readonly dy: Tensor;
  /** What of it a part gets [count, width], or null; owned by the caller. */
  of(part: number): Tensor | null;
}

/** Whoever took the rows. */
export interface RowTaker {
  /** ∂L/∂y of a part, whose y is borrowed; owned by the caller. */
  gradient(part: number, y: Tensor): Tensor;
  /** Asked for once all parts have given theirs; borrowed. */
  picked?(): PickedGradient | null;
  /** Takes ∂L/∂z of a part of what the source made; borrowed. */
  give(part: number, dz: Tensor): void;
}

/** The sums of a norm's batch, part by part. */
class NormSums {
  readonly #gain = new Total();
  readonly #bias = new Total();

  constructor(
    private readonly norm: BatchNorm,
    private readonly statistics: Statistics,
  ) {}

  add(z: Tensor, dy: Tensor): void {
    const { gain, bias } = this.norm.sums(z, dy, this.statistics);
    holding((held) => {
      held.add(bias);
      this.#gain.add(gain);
      this.#bias.add(held.release(bias));
    });
  }

  release(held: Held): BatchSums {
    return { gain: held.add(this.#gain.release()), bias: held.add(this.#bias.release()) };
  }

  dispose(): void {
    this.#gain.dispose();
    this.#bias.dispose();
  }
}

/** A {@link NormedRows} that has run forward: its value, and the way back in passes over the parts. */
export class TracedRows {
  readonly #held = new Held();

  /** Takes statistics and products over: those of every norm, and of each part the last norm's input. */
  constructor(
    private readonly net: NormedRows,
    private readonly source: RowSource,
    private readonly statistics: readonly UsedStatistics[],
    private readonly products: readonly Tensor[],
  ) {
    for (const { mean, variance } of statistics) [mean, variance].map((each) => this.#held.add(each));
    for (const z of products) this.#held.add(z);
  }

  /** A part's rows [count, width]; owned by the caller. */
  rows(part: number): Tensor {
    const last = this.statistics.length - 1;
    return this.net.activate(last, this.products[part]!, this.statistics[last]!);
  }

  /** The same before the last norm, borrowed. */
  beforeNorm(part: number): Tensor {
    return this.products[part]!;
  }

  dispose(): void {
    this.#held.dispose();
  }

  /** Runs once, and frees what was kept. */
  pull(taker: RowTaker, sink: Sink): void {
    try {
      holding((held) => {
        const last = this.statistics.length - 1;
        let sums = held.add(new NormSums(this.net.norms[last]!, this.statistics[last]!));
        const dys = this.products.map((z, part) => {
          const y = held.add(this.rows(part));
          const dy = held.add(taker.gradient(part, y));
          const arrived = held.keep(relu.gradient(dy, y));
          held.free(dy, y);
          sums.add(z, arrived);
          this.#held.free(z);
          return arrived;
        });
        const picked = taker.picked?.() ?? null;
        if (picked) sums.add(picked.z, picked.dy);
        for (let layer = last; layer >= 0; layer--) {
          const below =
            layer > 0 ? held.add(new NormSums(this.net.norms[layer - 1]!, this.statistics[layer - 1]!)) : null;
          const extra = layer === last ? picked : null;
          this.#pullLayer(layer, { dys, sums, below, picked: extra }, taker, sink, held);
          held.free(sums);
          sums = below ?? sums;
        }
        held.dispose();
      });
    } finally {
      this.dispose();
    }
  }

  /** A part once more: the input of a layer's norm and, where a layer is below, its y and the input of its norm. */
  #again(layer: number, part: number, held: Held): { z: Tensor; y?: Tensor; below?: Tensor } {
    const { net, source, statistics } = this;
    let z = held.add(source.make(source.parts[part]!));
    for (let i = 0; i < layer; i++) {
      const y = held.add(net.activate(i, z, statistics[i]!));
      const next = held.add(linear.apply(y, net.weights[i]!.variable));
      if (i === layer - 1) return { z: next, y, below: z };
      held.free(y, z);
      z = next;
    }
    return { z };
  }

  #pullLayer(
    layer: number,
    d: { dys: Tensor[]; sums: NormSums; below: NormSums | null; picked: PickedGradient | null },
    taker: RowTaker,
    sink: Sink,
    held: Held,
  ): void {
    const norm = this.net.norms[layer]!;
    const sums = d.sums.release(held);
    const count = this.source.parts.reduce((total, part) => total + part.count, 0);
    const batch = this.statistics[layer]!.batch ? { sums, count } : null;
    const weights = held.add(new Sums(sink));
    for (const [part, arrived] of d.dys.entries()) {
      const own = holding((inner) => {
        const more = d.picked?.of(part) ?? null;
        if (more) inner.add(more);
        const dy = more ? inner.add(add(arrived, more)) : arrived;
        const { z, y, below } = this.#again(layer, part, inner);
        const dz = inner.add(norm.gradient(z, dy, this.statistics[layer]!, batch));
        inner.free(more ?? undefined, dy, z);
        if (!y || !below) {
          taker.give(part, dz);
          inner.dispose();
          return null;
        }
        const weight = this.net.weights[layer - 1]!;
        const gradients = linear.gradients(y, weight.variable, dz, { x: true, weight: weight.trainable });
        inner.add(gradients.x!);
        if (gradients.weight) weights.sink(weight, gradients.weight);
        const next = held.keep(relu.gradient(gradients.x!, y));
        d.below!.add(below, next);
        inner.dispose();
        return next;
      });
      held.free(arrived);
      if (own) d.dys[part] = own;
    }
    weights.handOn();
    for (const [parameter, gradient] of [
      [norm.gain, sums.gain],
      [norm.bias, sums.bias],
    ] as const)
      if (parameter.trainable) sink(parameter, held.release(gradient));
      else held.free(gradient);
  }
}
