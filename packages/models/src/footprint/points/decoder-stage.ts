/** A stage of the decoder, dry: its rows in parts, and what they send below (`point/decoder-stage.ts`, `point/stage-gradient.ts`). */
import { partsOf } from '@dr2net/layers';
import { affine, affineGradients, type DryParameter, type DrySink, type DryTensor } from '@dr2net/memory';
import { DryBatchNorm } from './batch-norm.ts';
import { DryNormedRows, type DryRowSource, type DryRowTaker } from './normed-rows.ts';
import { concatenated, mapRows } from './operations.ts';
import { type PointPlace, weightOf } from './place.ts';
import { DryTotal } from './total.ts';

/** What was not wanted is null. */
export interface DryStageGradient {
  /** Of the coarser features' product with the weight. */
  readonly up: DryTensor | null;
  readonly skip: DryTensor | null;
  /** Of the skip's part of the weight. */
  readonly weight: DryTensor | null;
}

export type DryStageWants = { readonly [name in keyof DryStageGradient]: boolean };

/** Points of each part of a decoder's stage, each within one cloud. */
function partCounts({ batch, levels, partRows }: PointPlace, stage: number): number[] {
  const each = levels.decoder[stage]!;
  const parts = partsOf(each, Math.ceil(each / partRows)).map(({ count }) => count);
  return Array.from({ length: batch }, () => parts).flat();
}

/** The parameters of a stage, and how it begins. */
export class DryDecoderStage {
  readonly weight: DryParameter;
  readonly #norms: readonly DryBatchNorm[];
  readonly #weights: readonly DryParameter[];

  /** @param skip width of the stage's own features; 0 where it takes none */
  constructor(
    readonly at: PointPlace,
    readonly stage: number,
    readonly skip: number,
  ) {
    const names = Array.from({ length: at.spec.decoder.layers }, (_, j) => `decoder.${stage}.${j}`);
    const take = (name: string) => at.take(name);
    this.#norms = names.map(
      (own) =>
        new DryBatchNorm(at, {
          gain: take(`${own}.norm.gain`),
          bias: take(`${own}.norm.bias`),
          mean: take(`${own}.norm.mean`),
          variance: take(`${own}.norm.variance`),
        }),
    );
    const [first, ...rest] = names.map((own) => take(`${own}.weight`));
    this.weight = first!;
    this.#weights = rest;
  }

  /** The weight in parts: of the skip's features, and of the coarser ones. */
  split(): { skip: DryParameter | null; up: DryParameter } {
    const { engine, spec } = this.at;
    const part = (rows: number) =>
      weightOf(engine.op(rows * spec.width, this.weight.tensor), [rows, spec.width], this.weight.trainable);
    return { skip: this.skip > 0 ? part(this.skip) : null, up: part(spec.width) };
  }

  rows(source: DryRowSource): DryNormedRows {
    return new DryNormedRows(this.at, this.#norms, this.#weights, source);
  }
}

export class DryTracedStage implements DryRowSource {
  readonly parts: readonly number[];
  readonly weight: { readonly skip: DryParameter | null; readonly up: DryParameter };
  readonly #up: DryTensor;
  readonly #skip: DryTensor | null;
  readonly #rows: DryNormedRows;

  /**
   * @param coarser the rows above, or the groups' features
   * @param skip the stage's own features, borrowed
   */
  constructor(
    readonly stage: DryDecoderStage,
    coarser: DryTracedStage | DryTensor,
    skip: DryTensor | null,
  ) {
    const { engine, family } = stage.at;
    this.parts = partCounts(stage.at, stage.stage);
    this.weight = stage.split();
    const times = { weight: this.weight.up, bias: null };
    const product = (rows: DryTensor) => affine(engine, family, rows, times);
    if (coarser instanceof DryTracedStage) {
      const made = coarser.parts.map((_, part) => {
        const y = coarser.rows(part);
        return engine.after(product(y), y);
      });
      this.#up = engine.after(concatenated(stage.at, made), ...made);
    } else this.#up = product(coarser);
    this.#skip = skip && engine.share(skip);
    this.#rows = stage.rows(this);
  }

  #skipOf(part: number): DryTensor | null {
    const { stage } = this;
    return this.#skip && stage.skip > 0 ? stage.at.engine.op(this.parts[part]! * stage.skip, this.#skip) : null;
  }

  make(part: number): DryTensor {
    const { at } = this.stage;
    const { engine, family } = at;
    const rows = this.parts[part]!;
    const up = mapRows(at, this.#up, { rows, entries: 3 * rows }, at.spec.width);
    const own = this.#skipOf(part);
    if (!own) return up;
    const product = affine(engine, family, own, { weight: this.weight.skip!, bias: null });
    return engine.after(engine.op(up.size, up, product), up, product, own);
  }

  rows = (part: number): DryTensor => this.#rows.rows(part);
  beforeNorm = (part: number): DryTensor => this.#rows.beforeNorm(part);

  pull(taker: DryRowTaker, wants: DryStageWants, sink: DrySink): DryStageGradient {
    const { at } = this.stage;
    const { engine, family, spec } = at;
    const [up, weight] = [new DryTotal(at), new DryTotal(at, true)];
    const skips: DryTensor[] = [];
    const from = this.#up.size / spec.width;
    const give = (part: number, dz: DryTensor) => {
      if (wants.up) up.add(mapRows(at, dz, { rows: from, entries: 3 * this.parts[part]! }, spec.width));
      const own = wants.skip || wants.weight ? this.#skipOf(part) : null;
      if (!own) return;
      const d = affineGradients(
        engine,
        family,
        own,
        this.weight.skip!,
        dz,
        (name) => name !== 'bias' && wants[name === 'x' ? 'skip' : 'weight'],
      );
      if (d.x) skips.push(d.x);
      if (d.weight) weight.add(d.weight);
      engine.free(own);
    };
    this.#rows.pull(taker, give, sink);
    engine.free(this.#up, this.#skip ?? undefined);
    return {
      up: wants.up ? up.release() : null,
      weight: wants.weight ? weight.release() : null,
      skip: skips.length > 0 ? engine.after(concatenated(at, skips), ...skips) : null,
    };
  }
}
