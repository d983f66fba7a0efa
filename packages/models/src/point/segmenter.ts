/** A point cloud through the segmenter, forward and backward: embedding → reversible run with positions → norm → decoder → logits. */
import { applyRun, type RunOptions, type RunReport, traceRun } from '@dr2net/core';
import type { GroupsPullback } from '@dr2net/layers';
import { type Context, once, type Pullback, type Sink, share } from '@dr2net/ops';
import { add, concat, dispose, reshape, slice, sum, type Tensor, tensor, tidy, tile } from '@tensorflow/tfjs-core';
import { applyDecoder, traceDecoder } from './decode.ts';
import type { PointGeometry } from './geometry.ts';
import type { PointSegmenter } from './point-segmenter.ts';

export interface SegmenterOptions extends Omit<RunOptions, 'shift'> {
  readonly context: Context;
  /** Whether the gradient of the features is wanted. Default false. */
  readonly featureGradient?: boolean;
}

export interface SegmenterPullback {
  /** dLogits [batch, points, classes] → that of the features [batch, points, channels], or null where it was not wanted. */
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

/** The embedding: features of every level, and the pullbacks. */
function traceEmbedding(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  { context, featureGradient = false }: SegmenterOptions,
) {
  const { modules } = model;
  const levels: Tensor[] = [rowsOf(features)];
  const stages: GroupsPullback[] = [];
  const centres = tensor(geometry.centres, [geometry.batch * geometry.groups, 3]);
  try {
    for (const [i, stage] of modules.stages.entries()) {
      const wants = i > 0 || featureGradient;
      const traced = stage.trace(levels[i]!, geometry.stages[i]!, context.child(`stage ${i}`), wants);
      levels.push(traced.value);
      stages.push(traced.pullback);
    }
    const { value: rows, pullback } = modules.position.trace(centres, context);
    const position = withClass(model.classPosition.variable, rows, geometry);
    const tokens = withClass(model.classToken.variable, levels.at(-1)!, geometry);
    rows.dispose();
    return { levels, position, tokens, below: { stages, position: pullback } satisfies Below };
  } catch (error) {
    dispose(levels);
    for (const stage of stages) stage.dispose();
    throw error;
  } finally {
    centres.dispose();
  }
}

/** From the gradients of tokens and positions down to the features. */
function pullEmbedding(
  model: PointSegmenter,
  geometry: PointGeometry,
  { stages, position }: Below,
  d: { tokens: Tensor; position: Tensor; skips: readonly (Tensor | null)[] },
  sink: Sink,
): Tensor | null {
  const ofPosition = splitClass(d.position, geometry);
  deliver(model, 'classPosition', ofPosition.cls, sink);
  position(ofPosition.rows, sink).dispose();
  ofPosition.rows.dispose();
  const ofTokens = splitClass(d.tokens, geometry);
  deliver(model, 'classToken', ofTokens.cls, sink);
  let gradient: Tensor | null = ofTokens.rows;
  for (let i = stages.length - 1; i >= 0; i--) {
    const above: Tensor = gradient!;
    gradient = stages[i]!(above, sink);
    above.dispose();
    const skip = d.skips[i];
    if (gradient && skip) {
      const both: Tensor = add(gradient, skip);
      gradient.dispose();
      gradient = both;
    }
  }
  return gradient;
}

/**
 * Logits [batch, points, classes] of features [batch, points, channels], and the pullback. With `frozen` only decoder and head get
 * gradients. The embedding is worked on in parts and again in the backward pass.
 */
export function traceSegmenter(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  options: SegmenterOptions,
): TracedSegmenter {
  const { modules, spec } = model;
  const { context, featureGradient = false, ...run } = options;
  const kept: { dispose(): void }[] = [];
  /** Takes over what the backward pass needs. */
  const keeping = <T extends { dispose(): void }>(item: T): T => {
    kept.push(item);
    return item;
  };

  // Not in a scope: a run keeps what its later checks read.
  const passing: Tensor[] = [];
  const forward = () => {
    const { levels, position, tokens, below } = traceEmbedding(model, features, geometry, options);
    passing.push(...levels, tokens);
    for (const pullback of [below.position, ...below.stages]) keeping(pullback);
    keeping(position);
    const early = spec.shift === 'once';
    const x0 = early ? add(tokens, position) : share(tokens);
    passing.push(x0);
    const blocks = context.child('blocks');
    const inner = traceRun(modules.subBlocks, x0, blocks, early ? run : { ...run, shift: position });
    passing.push(inner.value);
    keeping(inner.pullback);
    dispose([x0, tokens]);
    const normed = modules.norm.trace(inner.value, context);
    passing.push(normed.value);
    keeping(normed.pullback);
    const top = tokensOf(normed.value, geometry);
    passing.push(top.cls, top.groups);
    dispose([inner.value, normed.value]);
    const decoder = traceDecoder(model, { ...top, skips: skipsOf(model, levels) }, geometry, context.child('decoder'));
    keeping(decoder.pullback);
    return { below, traced: inner, normed, decoder };
  };
  let made: ReturnType<typeof forward>;
  try {
    made = forward();
  } catch (error) {
    for (const item of kept) item.dispose();
    throw error;
  } finally {
    dispose(passing);
  }
  const { below, traced, normed, decoder } = made;

  const pull = (dLogits: Tensor, sink: Sink): Tensor | null => {
    const d = decoder.pullback(dLogits, sink);
    const dNormed = tidy(() => {
      const { batch, groups } = geometry;
      return concat([reshape(d.cls, [batch, 1, -1]), reshape(d.groups, [batch, groups, -1])], 1);
    });
    dispose([d.cls, d.groups]);
    const dx = normed.pullback(dNormed, sink);
    dNormed.dispose();
    const gradient = traced.pullback(dx, sink);
    dx.dispose();
    const skips = d.skips.filter((skip) => skip !== null);
    try {
      if (!gradient.x0) return null;
      const shift = gradient.shift ?? share(gradient.x0);
      try {
        const all = { tokens: gradient.x0, position: shift, skips: d.skips };
        const dFeatures = pullEmbedding(model, geometry, below, all, sink);
        if (!dFeatures || !featureGradient) return null;
        const shaped = reshape(dFeatures, features.shape);
        dFeatures.dispose();
        return shaped;
      } finally {
        dispose([gradient.x0, shift]);
      }
    } finally {
      dispose(skips);
    }
  };
  return { value: decoder.value, pullback: once('the segmenter', kept, pull), report: traced.report };
}
