/** A point cloud through the segmenter, forward and backward: embedding → reversible run with positions → norm → decoder → logits. */
import { applyRun, type RunOptions, type RunReport, traceRun } from '@dr2net/core';
import type { GroupsPullback } from '@dr2net/layers';
import { type Context, type Held, holding, once, type Pullback, type Sink } from '@dr2net/ops';
import { add, concat, reshape, slice, sum, type Tensor, tensor, tidy, tile } from '@tensorflow/tfjs-core';
import { applyDecoder, traceDecoder } from './decode.ts';
import type { PointGeometry } from './geometry.ts';
import type { PointSegmenter } from './point-segmenter.ts';

export interface SegmenterOptions extends Omit<RunOptions, 'shift'> {
  readonly context: Context;
  /** Whether the gradient of the features is wanted. Default false. */
  readonly featureGradient?: boolean;
}

export interface SegmenterPullback {
  /** dLogits [batch, points, classes] → that of the features [batch, points, channels], or null where it was not wanted (or `frozen`). */
  (dLogits: Tensor, sink: Sink): Tensor | null;
  dispose(): void;
}

export interface TracedSegmenter {
  /** Logits [batch, points, classes]; owned by the caller. */
  readonly value: Tensor;
  readonly pullback: SegmenterPullback;
  readonly report: RunReport;
}

const rowsOf = (x: Tensor) => reshape(x, [-1, x.shape.at(-1)!]);

/** [the class's, those of the groups]: [batch, 1 + groups, width] */
function withClass(cls: Tensor, rows: Tensor, { batch, groups }: PointGeometry): Tensor {
  return tidy(() => concat([tile(cls, [batch, 1, 1]), reshape(rows, [batch, groups, rows.shape[1]!])], 1));
}

/** The gradient of `withClass`. */
function splitClass(dy: Tensor, { batch, groups }: PointGeometry): { cls: Tensor; rows: Tensor } {
  const width = dy.shape[2]!;
  return tidy(() => ({
    cls: sum(slice(dy, [0, 0, 0], [batch, 1, width]), 0, true),
    rows: reshape(slice(dy, [0, 1, 0], [batch, groups, width]), [batch * groups, width]),
  }));
}

/** [class, groups] of one cloud after the other, from rows [batch, width] and [batch·groups, width]. */
function joinClass(cls: Tensor, rows: Tensor, { batch, groups }: PointGeometry): Tensor {
  const width = rows.shape[1]!;
  return tidy(() => concat([reshape(cls, [batch, 1, width]), reshape(rows, [batch, groups, width])], 1));
}

function deliver(model: PointSegmenter, which: 'classToken' | 'classPosition', gradient: Tensor, sink: Sink): void {
  if (model[which].trainable) sink(model[which], gradient);
  else gradient.dispose();
}

/** Of each stage of the decoder the features that it takes besides, borrowed. */
function skipsOf({ spec }: PointSegmenter, levels: readonly Tensor[]): (Tensor | null)[] {
  return Array.from({ length: spec.decoder.stages }, (_, i) =>
    i === 0 || spec.decoder.progressive ? levels[i]! : null,
  );
}

function tokensOf(x: Tensor, { batch, groups }: PointGeometry): { cls: Tensor; groups: Tensor } {
  const width = x.shape[2]!;
  return tidy(() => ({
    cls: reshape(slice(x, [0, 0, 0], [batch, 1, width]), [batch, width]),
    groups: reshape(slice(x, [0, 1, 0], [batch, groups, width]), [batch * groups, width]),
  }));
}

/** Logits [batch, points, classes] of features [batch, points, channels], keeping nothing. */
export function applySegmenter(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  { context, featureGradient: _, ...run }: SegmenterOptions,
): Tensor {
  const { modules, spec } = model;
  return tidy(() => {
    const levels: Tensor[] = [rowsOf(features)];
    for (const [i, stage] of modules.stages.entries())
      levels.push(stage.apply(levels[i]!, geometry.stages[i]!, context.child(`stage ${i}`)));
    const centres = tensor(geometry.centres, [geometry.batch * geometry.groups, 3]);
    const position = withClass(model.classPosition.variable, modules.position.apply(centres, context), geometry);
    const tokens = withClass(model.classToken.variable, levels.at(-1)!, geometry);
    const early = spec.shift === 'once';
    const x0 = early ? add(tokens, position) : tokens;
    const x = applyRun(modules.subBlocks, x0, context.child('blocks'), early ? run : { ...run, shift: position });
    const normed = tokensOf(modules.norm.apply(x, context), geometry);
    return applyDecoder(model, { ...normed, skips: skipsOf(model, levels) }, geometry, context.child('decoder'));
  });
}

interface Below {
  readonly stages: readonly GroupsPullback[];
  readonly position: Pullback;
}

/**
 * The embedding: features of every level, tokens and positions, and the pullbacks, which are null with `frozen`.
 * @param held takes what the forward pass needs
 * @param kept takes what the backward pass needs
 */
function embed(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  { context, method, featureGradient = false }: SegmenterOptions,
  held: Held,
  kept: Held,
) {
  const { modules } = model;
  const traced = method.name !== 'frozen';
  const levels: Tensor[] = [held.add(rowsOf(features))];
  const stages: GroupsPullback[] = [];
  for (const [i, stage] of modules.stages.entries()) {
    const [level, groups, inner] = [levels[i]!, geometry.stages[i]!, context.child(`stage ${i}`)];
    const { value, pullback } = traced
      ? stage.trace(level, groups, inner, i > 0 || featureGradient)
      : { value: stage.apply(level, groups, inner), pullback: null };
    levels.push(held.add(value));
    if (pullback) stages.push(kept.add(pullback));
  }
  const centres = held.add(tensor(geometry.centres, [geometry.batch * geometry.groups, 3]));
  const { value: rows, pullback } = traced
    ? modules.position.trace(centres, context)
    : { value: modules.position.apply(centres, context), pullback: null };
  held.add(rows);
  if (pullback) kept.add(pullback);
  const position = kept.add(withClass(model.classPosition.variable, rows, geometry));
  const tokens = held.add(withClass(model.classToken.variable, levels.at(-1)!, geometry));
  held.free(centres, rows);
  return { levels, position, tokens, below: pullback && ({ stages, position: pullback } satisfies Below) };
}

/** From the gradients of tokens and positions down to the features. */
function pullEmbedding(
  model: PointSegmenter,
  geometry: PointGeometry,
  { stages, position }: Below,
  d: { tokens: Tensor; position: Tensor; skips: readonly (Tensor | null)[] },
  sink: Sink,
): Tensor | null {
  return holding((held) => {
    const ofPosition = splitClass(d.position, geometry);
    held.add(ofPosition.rows);
    deliver(model, 'classPosition', ofPosition.cls, sink);
    position(ofPosition.rows, sink).dispose();
    held.free(ofPosition.rows);
    const ofTokens = splitClass(d.tokens, geometry);
    let above = held.add(ofTokens.rows);
    deliver(model, 'classToken', ofTokens.cls, sink);
    for (let i = stages.length - 1; i >= 0; i--) {
      const below = stages[i]!(above, sink);
      held.free(above);
      if (!below) return null;
      held.add(below);
      const skip = d.skips[i];
      above = skip ? held.add(add(below, skip)) : below;
      if (skip) held.free(below);
    }
    return held.release(above);
  });
}

/**
 * Logits [batch, points, classes] of features [batch, points, channels], and the pullback. With `frozen` only decoder and head get
 * gradients, and nothing below them is kept. The embedding is worked on in parts and again in the backward pass.
 */
export function traceSegmenter(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  options: SegmenterOptions,
): TracedSegmenter {
  const { modules, spec } = model;
  const { context, featureGradient = false, ...run } = options;

  // Not in a scope: a run keeps what its later checks read.
  const forward = (held: Held, kept: Held) => {
    const { levels, position, tokens, below } = embed(model, features, geometry, options, held, kept);
    const early = spec.shift === 'once';
    const x0 = early ? held.add(add(tokens, position)) : tokens;
    const inner = traceRun(modules.subBlocks, x0, context.child('blocks'), early ? run : { ...run, shift: position });
    held.add(inner.value);
    kept.add(inner.pullback);
    held.free(x0, tokens);
    // With `frozen` the norm belongs to what is frozen.
    const normed = below
      ? modules.norm.trace(inner.value, context)
      : { value: modules.norm.apply(inner.value, context), pullback: null };
    held.add(normed.value);
    if (normed.pullback) kept.add(normed.pullback);
    held.free(inner.value);
    const { cls, groups } = tokensOf(normed.value, geometry);
    const input = { cls: held.add(cls), groups: held.add(groups), skips: skipsOf(model, levels) };
    held.free(normed.value);
    const decoder = traceDecoder(model, input, geometry, context.child('decoder'));
    kept.add(decoder.pullback);
    held.dispose();
    const lower = below && normed.pullback && { below, run: inner.pullback, norm: normed.pullback };
    return { lower, decoder, report: inner.report };
  };
  type Made = ReturnType<typeof forward>;

  const pull = ({ lower, decoder }: Made, held: Held, dLogits: Tensor, sink: Sink): Tensor | null => {
    const d = decoder.pullback(dLogits, sink);
    for (const each of [d.cls, d.groups, ...d.skips]) if (each) held.add(each);
    if (!lower) return null;
    const dNormed = held.add(joinClass(d.cls, d.groups, geometry));
    held.free(d.cls, d.groups);
    const dx = held.add(lower.norm(dNormed, sink));
    held.free(dNormed);
    const gradient = lower.run(dx, sink);
    held.free(dx);
    const tokens = held.add(gradient.x0!);
    const position = gradient.shift ? held.add(gradient.shift) : tokens;
    const dFeatures = pullEmbedding(model, geometry, lower.below, { tokens, position, skips: d.skips }, sink);
    if (!dFeatures || !featureGradient) return null;
    return reshape(held.add(dFeatures), features.shape);
  };

  return holding((kept) => {
    const made = holding((held) => forward(held, kept));
    const pullback = (dLogits: Tensor, sink: Sink) =>
      holding((held) => {
        const dFeatures = pull(made, held, dLogits, sink);
        held.dispose();
        return dFeatures;
      });
    return { value: made.decoder.value, pullback: once('the segmenter', [kept], pullback), report: made.report };
  });
}
