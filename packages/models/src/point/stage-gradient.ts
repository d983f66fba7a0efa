/** A decoder's stage, traced: its rows, and what they send to the coarser features, its own, and the weights. */
import { type Part, type RowTaker, Total, type TracedRows } from '@dr2net/layers';
import { type Context, Held, holding, linear, mapRows, type Sink } from '@dr2net/ops';
import { concat, type Tensor } from '@tensorflow/tfjs-core';
import { type DecoderStage, type PartedRows, type StageInput, StageSource, type StageWeight } from './decoder-stage.ts';

/** Who takes a stage's rows. */
export type StageTaker = Pick<RowTaker, 'gradient' | 'picked'>;

/** Owned by the caller; what was not wanted is null. */
export interface StageGradient {
  /** Of the coarser features' product with the weight. */
  readonly up: Tensor | null;
  /** Of the stage's own features. */
  readonly skip: Tensor | null;
  /** Of their part of the weight. */
  readonly weight: Tensor | null;
}

/** Which of them are wanted. */
export type StageWants = { readonly [name in keyof StageGradient]: boolean };

export class TracedStage implements PartedRows {
  readonly #held = new Held();
  readonly #source: StageSource;
  readonly #rows: TracedRows;

  /**
   * @param up the coarser features' product; taken over
   * @param weight borrowed until the pullback has run
   */
  constructor(stage: DecoderStage, input: StageInput, up: Tensor, weight: StageWeight, context: Context) {
    this.#held.keep(up);
    const skip = input.skip && this.#held.keep(this.#held.share(input.skip));
    try {
      this.#source = new StageSource(stage, { ...input, skip }, up, weight);
      this.#rows = stage.rows.trace(this.#source, context);
    } catch (error) {
      this.#held.dispose();
      throw error;
    }
  }

  get parts(): readonly Part[] {
    return this.#source.parts;
  }

  rows = (part: number): Tensor => this.#rows.rows(part);

  /** A part's rows before their last norm, borrowed. */
  beforeNorm = (part: number): Tensor => this.#rows.beforeNorm(part);

  dispose(): void {
    this.#rows.dispose();
    this.#held.dispose();
  }

  /** Runs once, and frees what was kept. */
  pull(taker: StageTaker, wants: StageWants, sink: Sink): StageGradient {
    const source = this.#source;
    return holding((held) => {
      const [up, weight] = [held.add(new Total()), held.add(new Total(sink.summing))];
      const skips: Tensor[] = [];
      const give = (i: number, dz: Tensor) => {
        const part = source.parts[i]!;
        if (wants.up) up.add(mapRows.gradient(dz, source.mapOf(part)));
        const own = wants.skip || wants.weight ? source.skipOf(part) : null;
        if (!own) return;
        try {
          const d = linear.gradients(own, source.weight.skip!, dz, { x: wants.skip, weight: wants.weight });
          if (d.x) skips.push(held.add(d.x));
          if (d.weight) weight.add(d.weight);
        } finally {
          own.dispose();
        }
      };
      try {
        this.#rows.pull({ ...taker, give }, sink);
      } finally {
        this.dispose();
      }
      const result = {
        up: wants.up ? held.add(up.release()) : null,
        weight: wants.weight ? held.add(weight.release()) : null,
        skip: skips.length > 0 ? concat(skips, 0) : null,
      };
      for (const each of [result.up, result.weight]) if (each) held.release(each);
      held.dispose();
      return result;
    });
  }
}
