/** From tokens back to all points and to logits, dry (`point/decode.ts`). */
import { affineGradients, type DrySink, type DryTensor } from '@dr2net/memory';
import { skipWidths } from '../../point/plan.ts';
import { DryDecoderStage, DryTracedStage } from './decoder-stage.ts';
import { DryPointHead } from './head.ts';
import type { DryRowTaker } from './normed-rows.ts';
import { concatenated } from './operations.ts';
import type { PointPlace } from './place.ts';
import { DryTotal } from './total.ts';

export interface DryDecoderInput {
  readonly cls: DryTensor;
  readonly groups: DryTensor;
  readonly skips: readonly (DryTensor | null)[];
}

export interface DryDecoderGradient {
  readonly cls: DryTensor;
  readonly groups: DryTensor | null;
  readonly skips: readonly (DryTensor | null)[];
}

export class DryDecoder {
  readonly #stages: readonly DryDecoderStage[];
  readonly #head: DryPointHead;

  constructor(private readonly at: PointPlace) {
    this.#stages = skipWidths(at.spec).map((skip, i) => new DryDecoderStage(at, i, skip));
    this.#head = new DryPointHead(at);
  }

  /**
   * Everything is borrowed.
   * @param embedding whether the gradients of groups and skips are wanted
   */
  trace(input: DryDecoderInput, embedding: boolean) {
    const { engine } = this.at;
    const groups = engine.share(input.groups);
    const stages: DryTracedStage[] = [];
    for (let i = this.#stages.length - 1; i >= 0; i--)
      stages[i] = new DryTracedStage(this.#stages[i]!, stages[i + 1] ?? groups, input.skips[i]!);
    const head = this.#head.trace(input.cls, stages[0]!);
    const pullback = (dy: DryTensor, sink: DrySink): DryDecoderGradient => {
      const skips: (DryTensor | null)[] = stages.map(() => null);
      let ofGroups: DryTensor | null = null;
      const cls = head.pull(dy, sink, (taker) => {
        ofGroups = this.#pull(stages, { groups, embedding, skips }, 0, taker, sink);
      });
      for (const { weight } of stages) engine.free(weight.up.tensor, weight.skip?.tensor);
      engine.free(groups);
      return { cls, groups: ofGroups, skips };
    };
    return { value: head.value, pullback };
  }

  /** Stage i and the coarser ones; gives the gradient of the groups. */
  #pull(
    stages: readonly DryTracedStage[],
    down: { readonly groups: DryTensor; readonly embedding: boolean; readonly skips: (DryTensor | null)[] },
    i: number,
    taker: DryRowTaker,
    sink: DrySink,
  ): DryTensor | null {
    const { engine, family } = this.at;
    const { stage, weight } = stages[i]!;
    const coarser = stages[i + 1];
    const weighs = stage.weight.trainable;
    const d = stages[i]!.pull(
      taker,
      {
        up: coarser !== undefined || weighs || down.embedding,
        skip: stage.skip > 0 && i > 0 && down.embedding,
        weight: stage.skip > 0 && weighs,
      },
      sink,
    );
    down.skips[i] = d.skip;
    const ofWeight = new DryTotal(this.at, true);
    const below = (y: DryTensor, dy: DryTensor, x: boolean): DryTensor | null => {
      const made = affineGradients(engine, family, y, weight.up, dy, (name) =>
        name === 'x' ? x : name === 'weight' && weighs,
      );
      if (made.weight) ofWeight.add(made.weight);
      return made.x ?? null;
    };
    let { up } = d;
    let dGroups: DryTensor | null = null;
    if (coarser) {
      const rows = coarser.parts;
      const gradient = (part: number, y: DryTensor) => {
        const dy = engine.op(rows[part]! * this.at.spec.width, up!);
        return engine.after(below(y, dy, true)!, dy);
      };
      const picked = () => {
        engine.free(up ?? undefined);
        up = null;
        return null;
      };
      dGroups = this.#pull(stages, down, i + 1, { gradient, picked }, sink);
    } else if (up) dGroups = below(down.groups, up, down.embedding);
    engine.free(up ?? undefined);
    if (weighs) {
      const own = ofWeight.release();
      const parts = d.weight ? [d.weight, own] : [own];
      sink(stage.weight, engine.after(concatenated(this.at, parts), ...parts));
    }
    return dGroups;
  }
}
