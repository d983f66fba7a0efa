/** A point cloud through the segmenter, forward and backward: embedding → reversible run with positions → norm → decoder → logits. */
import { applyRun, type RunOptions, type RunReport, runStates, traceRun } from '@dr2net/core';
import { type Context, type Held, holding, once, type Sink } from '@dr2net/ops';
import { add, concat, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { applyDecoder, traceDecoder } from './decode.ts';
import type { PointGeometry } from './geometry.ts';
import type { PointSegmenter } from './point-segmenter.ts';
import { applyTokens, traceTokens } from './tokens.ts';

/** Where a step is: from points to tokens and positions; the reversible run; norm, decoder and head. */
export type SegmenterPart = 'tokenizer' | 'blocks' | 'decoder';

/** How clouds go through a segmenter. */
export interface SegmenterOptions extends Omit<RunOptions, 'shift'> {
  readonly context: Context;
  /** Whether the gradient of the features is wanted. Default false. */
  readonly featureGradient?: boolean;
  /** Called when work on a part begins, in a traced pass once forward and once backward. */
  readonly onPart?: (part: SegmenterPart) => void;
}

export interface SegmenterPullback {
  /** dLogits [batch, points, classes] → that of the features [batch, points, channels], or null where it was not wanted (or `frozen`). */
  (dLogits: Tensor, sink: Sink): Tensor | null;
  dispose(): void;
}

/** A segmenter that has run forward, with the way back. */
export interface TracedSegmenter {
  /** Logits [batch, points, classes]; owned by the caller. */
  readonly value: Tensor;
  readonly pullback: SegmenterPullback;
  readonly report: RunReport;
}

/** [class, groups] of one cloud after the other, from rows [batch, width] and [batch·groups, width]. */
function joinClass(cls: Tensor, rows: Tensor, { batch, groups }: PointGeometry): Tensor {
  const width = rows.shape[1]!;
  return tidy(() => concat([reshape(cls, [batch, 1, width]), reshape(rows, [batch, groups, width])], 1));
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
  { context, featureGradient: _, onPart, ...run }: SegmenterOptions,
): Tensor {
  const { modules, spec } = model;
  return tidy(() => {
    onPart?.('tokenizer');
    const { levels, tokens, position } = applyTokens(model, features, geometry, context);
    const early = spec.shift === 'once';
    const x0 = early ? add(tokens, position) : tokens;
    onPart?.('blocks');
    const x = applyRun(modules.subBlocks, x0, context.child('blocks'), early ? run : { ...run, shift: position });
    onPart?.('decoder');
    const normed = tokensOf(modules.norm.apply(x, context), geometry);
    return applyDecoder(model, { ...normed, skips: skipsOf(model, levels) }, geometry, context.child('decoder'));
  });
}

/** All states [x_0 … x_n] of the reversible run, [batch, 1 + groups, width] each; owned by the caller. */
export function segmenterStates(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  { context, featureGradient: _, onPart: __, ...run }: SegmenterOptions,
): Tensor[] {
  const { modules, spec } = model;
  return tidy(() => {
    const { tokens, position } = applyTokens(model, features, geometry, context);
    const early = spec.shift === 'once';
    const x0 = early ? add(tokens, position) : tokens;
    return runStates(modules.subBlocks, x0, context.child('blocks'), early ? run : { ...run, shift: position });
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
  const { context, featureGradient = false, onPart, ...run } = options;

  const embed = () =>
    run.method.name === 'frozen'
      ? { ...applyTokens(model, features, geometry, context), pullback: null }
      : traceTokens(model, features, geometry, context, featureGradient);

  // Not in a scope: a run keeps what its later checks read.
  const forward = (held: Held, kept: Held) => {
    onPart?.('tokenizer');
    const { levels, tokens, position, pullback } = embed();
    for (const each of [...levels, tokens]) held.add(each);
    kept.add(position);
    if (pullback) kept.add(pullback);
    const early = spec.shift === 'once';
    const x0 = early ? held.add(add(tokens, position)) : tokens;
    onPart?.('blocks');
    const inner = traceRun(modules.subBlocks, x0, context.child('blocks'), early ? run : { ...run, shift: position });
    held.add(inner.value);
    kept.add(inner.pullback);
    held.free(x0, tokens);
    onPart?.('decoder');
    // With `frozen` the norm belongs to what is frozen.
    const normed = pullback
      ? modules.norm.trace(inner.value, context)
      : { value: modules.norm.apply(inner.value, context), pullback: null };
    held.add(normed.value);
    if (normed.pullback) kept.add(normed.pullback);
    held.free(inner.value);
    const { cls, groups } = tokensOf(normed.value, geometry);
    const input = { cls: held.add(cls), groups: held.add(groups), skips: skipsOf(model, levels) };
    held.free(normed.value);
    const decoder = traceDecoder(model, input, geometry, context.child('decoder'), {
      embedding: pullback !== null,
      features: pullback !== null && featureGradient,
    });
    kept.add(decoder.pullback);
    held.dispose();
    const lower = pullback && normed.pullback && { tokens: pullback, run: inner.pullback, norm: normed.pullback };
    return { lower, decoder, report: inner.report };
  };
  type Made = ReturnType<typeof forward>;

  const pull = ({ lower, decoder }: Made, held: Held, dLogits: Tensor, sink: Sink): Tensor | null => {
    onPart?.('decoder');
    const d = decoder.pullback(dLogits, sink);
    for (const each of [d.cls, d.groups, ...d.skips]) if (each) held.add(each);
    if (!lower || !d.groups) return null;
    const dNormed = held.add(joinClass(d.cls, d.groups, geometry));
    held.free(d.cls, d.groups);
    const dx = held.add(lower.norm(dNormed, sink));
    held.free(dNormed);
    onPart?.('blocks');
    const gradient = lower.run(dx, sink);
    held.free(dx);
    const tokens = held.add(gradient.x0!);
    const position = gradient.shift ? held.add(gradient.shift) : tokens;
    onPart?.('tokenizer');
    const dFeatures = lower.tokens({ tokens, position, skips: d.skips }, sink);
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
