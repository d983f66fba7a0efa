/** From points to tokens: the embedding's stages, the centres' positions, the class token; and back to the gradient of the features. */
import type { GroupsPullback } from '@dr2net/layers';
import { type Context, holding, once, type Pullback, type Sink } from '@dr2net/ops';
import { add, concat, reshape, slice, sum, type Tensor, tensor, tidy, tile } from '@tensorflow/tfjs-core';
import type { PointGeometry } from './geometry.ts';
import type { PointSegmenter } from './point-segmenter.ts';

export interface Tokens {
  /** Features of every level [rows, C], the points' first. */
  readonly levels: readonly Tensor[];
  /** [batch, 1 + groups, width] */
  readonly tokens: Tensor;
  /** Their positions, embedded; as the tokens. */
  readonly position: Tensor;
}

/** Gradients of the same, borrowed; those of the levels where the decoder took them. */
export interface TokensGradient {
  readonly tokens: Tensor;
  readonly position: Tensor;
  readonly skips: readonly (Tensor | null)[];
}

export interface TokensPullback {
  /** The gradient of the features [rows, channels], or null where it was not wanted. */
  (d: TokensGradient, sink: Sink): Tensor | null;
  dispose(): void;
}

const rowsOf = (x: Tensor) => reshape(x, [-1, x.shape.at(-1)!]);

/** `[the class's, those of the groups]`: [batch, 1 + groups, width] */
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

const centresOf = ({ centres, batch, groups }: PointGeometry) => tensor(centres, [batch * groups, 3]);

/** Keeping nothing. All of the result is owned by the caller. */
export function applyTokens(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  context: Context,
): Tokens {
  const { stages, position } = model.modules;
  return holding((held) => {
    const levels: Tensor[] = [held.add(rowsOf(features))];
    for (const [i, stage] of stages.entries())
      levels.push(held.add(stage.apply(levels[i]!, geometry.stages[i]!, context.child(`stage ${i}`))));
    const positions = held.add(
      tidy(() => withClass(model.classPosition.variable, position.apply(centresOf(geometry), context), geometry)),
    );
    const tokens = held.add(withClass(model.classToken.variable, levels.at(-1)!, geometry));
    return { levels, tokens, position: positions };
  });
}

function deliver(model: PointSegmenter, which: 'classToken' | 'classPosition', gradient: Tensor, sink: Sink): void {
  if (model[which].trainable) sink(model[which], gradient);
  else gradient.dispose();
}

/** From the gradients of tokens and positions down to the features. */
function pull(
  model: PointSegmenter,
  geometry: PointGeometry,
  stages: readonly GroupsPullback[],
  position: Pullback,
  d: TokensGradient,
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

/** All of the result is owned by the caller. The pullback keeps the levels (shared); the embedding's stages work in parts, and again in the backward pass. */
export function traceTokens(
  model: PointSegmenter,
  features: Tensor,
  geometry: PointGeometry,
  context: Context,
  featureGradient: boolean,
): Tokens & { readonly pullback: TokensPullback } {
  const { modules } = model;
  return holding((held) => {
    const levels: Tensor[] = [held.add(rowsOf(features))];
    const stages: GroupsPullback[] = [];
    for (const [i, stage] of modules.stages.entries()) {
      const wanted = i > 0 || featureGradient;
      const traced = stage.trace(levels[i]!, geometry.stages[i]!, context.child(`stage ${i}`), wanted);
      levels.push(held.add(traced.value));
      stages.push(held.add(traced.pullback));
    }
    const centres = held.add(centresOf(geometry));
    const position = modules.position.trace(centres, context);
    held.add(position.value);
    held.add(position.pullback);
    const positions = held.add(withClass(model.classPosition.variable, position.value, geometry));
    const tokens = held.add(withClass(model.classToken.variable, levels.at(-1)!, geometry));
    held.free(centres, position.value);
    const kept = [...stages, position.pullback].map((item) => held.release(item));
    const run = (d: TokensGradient, sink: Sink) => pull(model, geometry, stages, position.pullback, d, sink);
    return {
      levels,
      tokens,
      position: positions,
      pullback: once('the tokens', kept, run),
    };
  });
}
