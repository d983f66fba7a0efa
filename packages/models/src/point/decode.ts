/** From tokens back to all points, and to logits: interpolation and linear layers, stage by stage, then the head, all in parts of the rows. */
import { Total, take } from '@dr2net/layers';
import { type Context, type Held, holding, linear, once, type Parameter, type Sink } from '@dr2net/ops';
import { concat, type Tensor } from '@tensorflow/tfjs-core';
import { type PartedRows, product, type StageInput, StageSource, type StageWeight } from './decoder-stage.ts';
import type { PointGeometry } from './geometry.ts';
import { applyHead } from './head-forward.ts';
import { traceHead } from './head-gradient.ts';
import type { PointSegmenter } from './point-segmenter.ts';
import { type StageTaker, TracedStage } from './stage-gradient.ts';

/** Features of points [rows, C], borrowed: of the class token [batch, width], the groups, and what the decoder's stages take besides. */
export interface DecoderInput {
  readonly cls: Tensor;
  readonly groups: Tensor;
  /** One a stage; null where it takes none. */
  readonly skips: readonly (Tensor | null)[];
}

/** Gradients of the same; owned by the caller. What was not wanted is null. */
export interface DecoderGradient {
  readonly cls: Tensor;
  readonly groups: Tensor | null;
  readonly skips: readonly (Tensor | null)[];
}

/** Which gradients are wanted besides the parameters'. */
export interface DecoderWants {
  /** Of the groups and of the features that come from the embedding. */
  readonly embedding: boolean;
  /** Of the points' own features. */
  readonly features: boolean;
}

/** A stage's trace, with the weight that it borrows. */
interface Stage {
  readonly parameter: Parameter;
  /** Whether it takes features of its own. */
  readonly skip: boolean;
  readonly weight: StageWeight;
  readonly traced: TracedStage;
}

export interface TracedDecoder {
  /** [batch, points, classes] */
  readonly value: Tensor;
  readonly pullback: ((dy: Tensor, sink: Sink) => DecoderGradient) & { dispose(): void };
}

const stageInput = (input: DecoderInput, { decoder, batch }: PointGeometry, i: number): StageInput => ({
  skip: input.skips[i]!,
  map: decoder[i]!,
  clouds: batch,
});

/** Without gradient, by running statistics. */
export function applyDecoder(model: PointSegmenter, input: DecoderInput, geometry: PointGeometry, context: Context) {
  const { decoder, head } = model.modules;
  const { batch, points } = geometry;
  return holding((held) => {
    let above: PartedRows | null = null;
    for (let i = decoder.length - 1; i >= 0; i--) {
      const stage = decoder[i]!;
      const weight = stage.split();
      held.add(weight.up);
      if (weight.skip) held.add(weight.skip);
      const up: Tensor = held.add(above ? product(above, weight.up) : linear.apply(input.groups, weight.up));
      const source: StageSource = new StageSource(stage, stageInput(input, geometry, i), up, weight);
      above = { parts: source.parts, rows: (part) => stage.rows.apply(source, source.parts[part]!) };
    }
    const logits = applyHead(head, { cls: input.cls, rows: above!, batch, points }, context.child('head'));
    held.dispose();
    return logits;
  });
}

/** The stages' traces, which go into `kept` as they are made. */
function traceStages(
  { modules }: PointSegmenter,
  input: DecoderInput,
  geometry: PointGeometry,
  context: Context,
  kept: Held,
): Stage[] {
  const stages: Stage[] = [];
  for (let i = modules.decoder.length - 1; i >= 0; i--) {
    const stage = modules.decoder[i]!;
    const above = stages[i + 1]?.traced;
    const weight = stage.split();
    kept.keep(weight.up);
    if (weight.skip) kept.keep(weight.skip);
    const up = above ? product(above, weight.up) : linear.apply(input.groups, weight.up);
    const traced = kept.add(new TracedStage(stage, stageInput(input, geometry, i), up, weight, context.child(i)));
    stages[i] = { parameter: stage.weight, skip: stage.skip > 0, weight, traced };
  }
  return stages;
}

/** From whoever takes the finest rows down to the groups. */
function pullStages(
  stages: readonly Stage[],
  groups: Tensor,
  wants: DecoderWants,
  finest: StageTaker,
  sink: Sink,
): Omit<DecoderGradient, 'cls'> {
  const skips: (Tensor | null)[] = stages.map(() => null);

  /** Stage i and the coarser ones; gives the gradient of the groups. The skips' go into `held`. */
  const pull = (i: number, taker: StageTaker, held: Held): Tensor | null => {
    const { parameter, skip, weight, traced } = stages[i]!;
    const coarser = stages[i + 1]?.traced;
    const weighs = parameter.trainable;
    const wanted = {
      up: coarser !== undefined || weighs || wants.embedding,
      skip: skip && (i === 0 ? wants.features : wants.embedding),
      weight: skip && weighs,
    };
    const d = traced.pull(taker, wanted, sink);
    for (const each of [d.up, d.skip, d.weight]) if (each) held.add(each);
    skips[i] = d.skip;
    // The weight's other part gets its gradient with the coarser features.
    const ofWeight = held.add(new Total(sink.summing));
    const below = (y: Tensor, dy: Tensor, x: boolean): Tensor | null => {
      const made = linear.gradients(y, weight.up, dy, { x, weight: weighs });
      if (made.x) held.add(made.x);
      if (made.weight) ofWeight.add(made.weight);
      return made.x ?? null;
    };
    const dGroups = coarser
      ? pull(
          i + 1,
          {
            gradient(part, y) {
              const dy = take(d.up!, coarser.parts[part]!);
              try {
                return held.release(below(y, dy, true)!);
              } finally {
                dy.dispose();
              }
            },
            picked: () => {
              held.free(d.up!);
              return null;
            },
          },
          held,
        )
      : d.up && below(groups, d.up, wants.embedding);
    if (d.up) held.free(d.up);
    if (weighs) {
      const parts = [d.weight, held.add(ofWeight.release())].filter((part) => part !== null);
      const whole = concat(parts, 0);
      held.free(...parts);
      sink(parameter, whole);
    }
    return dGroups;
  };

  return holding((held) => {
    const dGroups = pull(0, finest, held);
    for (const each of [dGroups, ...skips]) if (each) held.release(each);
    held.dispose();
    return { groups: dGroups, skips };
  });
}

const everything: DecoderWants = { embedding: true, features: true };

/** Kept are one tensor of all points, and smaller ones; parts are made again in the backward pass. */
export function traceDecoder(
  model: PointSegmenter,
  input: DecoderInput,
  geometry: PointGeometry,
  context: Context,
  wants = everything,
): TracedDecoder {
  return holding((kept) => {
    const groups = kept.keep(kept.share(input.groups));
    const stages = traceStages(model, input, geometry, context, kept);
    const finest = stages[0]!.traced;
    const { batch, points } = geometry;
    const head = traceHead(
      model.modules.head,
      { cls: input.cls, rows: finest, beforeNorm: finest.beforeNorm, batch, points },
      context.child('head'),
    );
    kept.add(head);
    const run = (dy: Tensor, sink: Sink): DecoderGradient =>
      holding((held) => {
        let below: ReturnType<typeof pullStages> | undefined;
        const cls = head.pull(dy, sink, (taker) => {
          below = pullStages(stages, groups, wants, taker, sink);
          for (const each of [below.groups, ...below.skips]) if (each) held.add(each);
        });
        return { cls, ...below! };
      });
    return { value: head.value, pullback: once('the decoder', [kept], run) };
  });
}
