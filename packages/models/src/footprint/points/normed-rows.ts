/** Linear layer → batch normalisation → ReLU, several times over, in parts, dry (`normed-rows.ts` and `normed-rows-gradient.ts` of `@dr2net/layers`). */
import { affine, affineGradients, type DryParameter, type DrySink, DrySums, type DryTensor } from '@dr2net/memory';
import type { DryBatchNorm, DryBatchSums, DryStatistics } from './batch-norm.ts';
import { masked, rectified } from './operations.ts';
import type { Operations } from './place.ts';
import { DryTotal } from './total.ts';

export interface DryRowSource {
  /** Rows of each part. */
  readonly parts: readonly number[];
  /** The first norm's input of a part. */
  make(part: number): DryTensor;
}

/** Rows that a maximum picked from all: their last norm's input, their gradient, and what of it a part gets. */
export interface DryPicked {
  readonly z: DryTensor;
  readonly dy: DryTensor;
  of(part: number): DryTensor;
}

/** Who takes the rows. */
export interface DryRowTaker {
  gradient(part: number, y: DryTensor): DryTensor;
  picked(): DryPicked | null;
}

class NormSums {
  readonly #gain: DryTotal;
  readonly #bias: DryTotal;

  constructor(
    at: Operations,
    private readonly norm: DryBatchNorm,
    private readonly statistics: DryStatistics,
  ) {
    this.#gain = new DryTotal(at);
    this.#bias = new DryTotal(at);
  }

  add(z: DryTensor, dy: DryTensor): void {
    const { gain, bias } = this.norm.sums(z, dy, this.statistics);
    this.#gain.add(gain);
    this.#bias.add(bias);
  }

  release(): DryBatchSums {
    return { gain: this.#gain.release(), bias: this.#bias.release() };
  }
}

export class DryNormedRows {
  readonly #statistics: DryStatistics[] = [];
  /** Of each part the last norm's input. */
  readonly #products: DryTensor[];

  /** The trace. @param weights between the norms, one fewer */
  constructor(
    private readonly at: Operations,
    private readonly norms: readonly DryBatchNorm[],
    private readonly weights: readonly DryParameter[],
    private readonly source: DryRowSource,
  ) {
    const { engine } = at;
    this.#products = source.parts.map((_, part) => source.make(part));
    for (const [i, norm] of norms.entries()) {
      this.#statistics.push(norm.settle(this.#products.map((z) => norm.statisticsOf(z))));
      if (i === norms.length - 1) break;
      for (const [part, z] of this.#products.entries()) {
        const y = this.#activate(i, z);
        this.#products[part] = engine.after(this.#product(i, y), y);
        engine.free(z);
      }
    }
  }

  #activate(layer: number, z: DryTensor): DryTensor {
    const normed = this.norms[layer]!.normalise(z, this.#statistics[layer]!);
    return this.at.engine.after(rectified(this.at, normed), normed);
  }

  #product(layer: number, y: DryTensor): DryTensor {
    const { engine, family } = this.at;
    return affine(engine, family, y, { weight: this.weights[layer]!, bias: null });
  }

  rows(part: number): DryTensor {
    return this.#activate(this.norms.length - 1, this.#products[part]!);
  }

  /** Borrowed. */
  beforeNorm(part: number): DryTensor {
    return this.#products[part]!;
  }

  /** @param give takes ∂L/∂z of what the source made; borrowed */
  pull(taker: DryRowTaker, give: (part: number, dz: DryTensor) => void, sink: DrySink): void {
    const { engine } = this.at;
    const last = this.norms.length - 1;
    let sums = new NormSums(this.at, this.norms[last]!, this.#statistics[last]!);
    const dys = this.#products.map((z, part) => {
      const y = this.rows(part);
      const dy = taker.gradient(part, y);
      const arrived = engine.after(masked(this.at, dy, y), dy, y);
      sums.add(z, arrived);
      return engine.after(arrived, z);
    });
    const picked = taker.picked();
    if (picked) sums.add(picked.z, picked.dy);
    for (let layer = last; layer >= 0; layer--) {
      const below = layer > 0 ? new NormSums(this.at, this.norms[layer - 1]!, this.#statistics[layer - 1]!) : null;
      this.#pullLayer(layer, { dys, sums: sums.release(), below, picked: layer === last ? picked : null }, give, sink);
      sums = below ?? sums;
    }
    for (const { mean, variance } of this.#statistics) engine.free(mean, variance);
  }

  /** A part once more: the input of a layer's norm and, where a layer is below, its y and the input of its norm. */
  #again(layer: number, part: number): { z: DryTensor; y?: DryTensor; below?: DryTensor } {
    const { engine } = this.at;
    let z = this.source.make(part);
    for (let i = 0; i < layer; i++) {
      const y = this.#activate(i, z);
      const next = this.#product(i, y);
      if (i === layer - 1) return { z: next, y, below: z };
      engine.free(y, z);
      z = next;
    }
    return { z };
  }

  #pullLayer(
    layer: number,
    d: { dys: DryTensor[]; sums: DryBatchSums; below: NormSums | null; picked: DryPicked | null },
    give: (part: number, dz: DryTensor) => void,
    sink: DrySink,
  ): void {
    const { engine, family } = this.at;
    const norm = this.norms[layer]!;
    const weights = new DrySums(engine, family);
    for (const [part, arrived] of d.dys.entries()) {
      const more = d.picked?.of(part);
      const dy = more ? engine.op(arrived.size, arrived, more) : engine.share(arrived);
      const { z, y, below } = this.#again(layer, part);
      const dz = norm.gradient(z, dy, this.#statistics[layer]!, d.sums);
      engine.free(more, dy, z);
      if (!y || !below) {
        give(part, dz);
        engine.free(dz, arrived);
        continue;
      }
      const weight = this.weights[layer - 1]!;
      const made = affineGradients(engine, family, y, weight, dz, (name) =>
        name === 'weight' ? weight.trainable : name === 'x',
      );
      if (made.weight) weights.sink(weight, made.weight);
      const next = masked(this.at, made.x!, y);
      d.below!.add(below, next);
      engine.free(dz, made.x, y, below, arrived);
      d.dys[part] = next;
    }
    weights.handOn(sink);
    for (const name of ['gain', 'bias'] as const)
      if (norm.parameters[name].trainable) sink(norm.parameters[name], d.sums[name]);
      else engine.free(d.sums[name]);
  }
}
