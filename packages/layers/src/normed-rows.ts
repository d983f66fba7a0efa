/**
 * Linear layer → batch normalisation → ReLU, several times over, on rows that are worked on in parts. The first product is made by a source,
 * part by part, as often as it is asked for; kept for the backward pass is the last norm's input alone, one tensor of all rows in parts.
 */
import {
  batchNorm,
  type Context,
  hold,
  holding,
  linear,
  type Parameter,
  type PartStatistics,
  relu,
  type Statistics,
} from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import type { BatchNorm } from './batch-norm.ts';
import { TracedRows, type UsedStatistics } from './normed-rows-gradient.ts';
import type { Part } from './parts.ts';

/** Where the rows come from. */
export interface RowSource {
  /** All rows, in parts. */
  readonly parts: readonly Part[];
  /** The first norm's input for some rows [count, width], the same whenever it is asked for; owned by the caller. */
  make(part: Part): Tensor;
}

/** Linear layer → batch normalisation → ReLU, several times over, on rows that are worked on in parts. */
export class NormedRows {
  /**
   * @param norms one a layer
   * @param weights [width, width'] of the linear layers between them, one fewer
   */
  constructor(
    readonly norms: readonly BatchNorm[],
    readonly weights: readonly Parameter[],
  ) {}

  /** max(norm(z), 0) of layer i. */
  activate(layer: number, z: Tensor, statistics: Statistics): Tensor {
    const normed = this.norms[layer]!.normalise(z, statistics);
    try {
      return relu.apply(normed);
    } finally {
      normed.dispose();
    }
  }

  /** From the input of layer i's norm to that of the next one's; owned by the caller. */
  advance(layer: number, z: Tensor, statistics: Statistics): Tensor {
    const y = this.activate(layer, z, statistics);
    try {
      return linear.apply(y, this.weights[layer]!.variable);
    } finally {
      y.dispose();
    }
  }

  /** Some rows [count, width], by the running statistics. */
  apply(source: RowSource, part: Part): Tensor {
    return holding((held) => {
      const last = this.norms.length - 1;
      let z = held.add(source.make(part));
      for (let i = 0; i < last; i++) {
        const next = held.add(this.advance(i, z, this.norms[i]!.running));
        held.free(z);
        z = next;
      }
      const y = this.activate(last, z, this.norms[last]!.running);
      held.free(z);
      return y;
    });
  }

  /** By the statistics that the norms choose. */
  trace(source: RowSource, context: Context): TracedRows {
    return holding((held) => {
      const products: Tensor[] = [];
      const statistics: UsedStatistics[] = [];
      for (const part of source.parts) products.push(held.keep(source.make(part)));
      for (const [i, norm] of this.norms.entries()) {
        const own = norm.byBatch(context) ? settle(norm, products) : constants(norm.running);
        for (const each of [own.mean, own.variance]) held.keep(each);
        statistics.push(own);
        if (i === this.norms.length - 1) break;
        for (const [k, z] of products.entries()) {
          products[k] = held.keep(this.advance(i, z, own));
          held.free(z);
        }
      }
      return new TracedRows(this, source, statistics, products);
    });
  }
}

/** As they are now: a step may change the running ones before the backward pass. */
const constants = ({ mean, variance }: Statistics) => ({ mean: hold(mean), variance: hold(variance), batch: false });

function settle(norm: BatchNorm, products: readonly Tensor[]): UsedStatistics {
  const parts: PartStatistics[] = [];
  try {
    for (const z of products) parts.push({ ...batchNorm.statistics(z), count: z.shape[0]! });
    return { ...norm.settle(parts), batch: true };
  } finally {
    dispose(parts.flatMap(({ mean, variance }) => [mean, variance]));
  }
}
