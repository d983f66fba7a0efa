/**
 * A stage of the decoder: features of coarser points, interpolated at its own, and its own from the embedding, through linear layers with
 * batch normalisation. Interpolation is linear, so the first product with the coarser features is made where they are, at a fourth of the
 * points, and interpolated afterwards: Linear([skip | interp(y)]) = skip·Wₛ + interp(y·Wᵤ).
 */
import { type NormedRows, type Part, partsOf, type RowSource, take } from '@dr2net/layers';
import { holding, linear, mapRows, type Parameter, type RowMap } from '@dr2net/ops';
import { add, concat, dispose, slice, type Tensor } from '@tensorflow/tfjs-core';

/** What a stage needs besides the coarser features; borrowed. */
export interface StageInput {
  /** The stage's own features [rows, skip], or null where it takes none. */
  readonly skip: Tensor | null;
  /** Interpolation at the stage's points. */
  readonly map: RowMap;
  readonly clouds: number;
}

/** The weight in parts: of the skip's features, which stand first, and of the coarser ones. */
export interface StageWeight {
  readonly skip: Tensor | null;
  readonly up: Tensor;
}

export class DecoderStage {
  /**
   * @param weight [skip + width, width] of the first linear layer
   * @param skip width of the stage's own features; 0 where it takes none
   * @param partRows rows worked on at a time
   */
  constructor(
    readonly weight: Parameter,
    readonly skip: number,
    readonly rows: NormedRows,
    private readonly partRows: number,
  ) {}

  /** Rows in parts, each within one cloud. */
  partsOf({ map, clouds }: StageInput): Part[] {
    const each = map.rows / clouds;
    const parts = partsOf(each, Math.ceil(each / this.partRows));
    return Array.from({ length: clouds }, (_, cloud) =>
      parts.map(({ from, count }) => ({ from: from + cloud * each, count })),
    ).flat();
  }

  /** Owned by the caller. */
  split(): StageWeight {
    const [rows, width] = this.weight.shape as [number, number];
    const { variable } = this.weight;
    return {
      skip: this.skip > 0 ? slice(variable, [0, 0], [this.skip, width]) : null,
      up: slice(variable, [this.skip, 0], [rows - this.skip, width]),
    };
  }
}

/** The first product of a stage, part by part: interpolated of the coarser features' product, and of its own. */
export class StageSource implements RowSource {
  readonly parts: readonly Part[];

  /**
   * Everything is borrowed.
   * @param up the coarser features times their part of the weight
   */
  constructor(
    stage: DecoderStage,
    private readonly input: StageInput,
    private readonly up: Tensor,
    readonly weight: StageWeight,
  ) {
    this.parts = stage.partsOf(input);
  }

  /** Interpolation at some of the points. */
  mapOf({ from, count }: Part): RowMap {
    return this.input.map.part(from, count);
  }

  /** The stage's own features of some points, owned by the caller; null where it takes none. */
  skipOf(part: Part): Tensor | null {
    return this.weight.skip && this.input.skip && take(this.input.skip, part);
  }

  make(part: Part): Tensor {
    return holding((held) => {
      const up = held.add(mapRows.apply(this.up, this.mapOf(part)));
      const own = this.skipOf(part);
      if (!own) return held.release(up);
      const product = held.add(linear.apply(held.add(own), this.weight.skip!));
      const sum = add(up, product);
      held.dispose();
      return sum;
    });
  }
}

/** Rows that are made part by part. */
export interface PartedRows {
  readonly parts: readonly Part[];
  /** Some rows [count, width]; owned by the caller. */
  rows(part: number): Tensor;
}

/** All rows times a weight [width, width']. */
export function product({ parts, rows }: PartedRows, weight: Tensor): Tensor {
  const made: Tensor[] = [];
  try {
    for (const i of parts.keys()) {
      const y = rows(i);
      try {
        made.push(linear.apply(y, weight));
      } finally {
        y.dispose();
      }
    }
    return concat(made, 0);
  } finally {
    dispose(made);
  }
}
