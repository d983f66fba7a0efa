/** From tokens back to all points, and to logits: interpolation and linear layers, stage by stage, then the head. */
import {
  type Context,
  type Held,
  holding,
  mapRows,
  neighbourMax,
  type OpPullback,
  once,
  type Pullback,
  type Sink,
} from '@dr2net/ops';
import { add, broadcastTo, concat, reshape, slice, sum, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import type { PointGeometry } from './geometry.ts';
import { skipWidths } from './plan.ts';
import type { PointSegmenter } from './point-segmenter.ts';

/** Features of points [rows, C], borrowed: of the class token [batch, width], the groups, and what the decoder's stages take besides. */
export interface DecoderInput {
  readonly cls: Tensor;
  readonly groups: Tensor;
  /** One a stage; null where it takes none. */
  readonly skips: readonly (Tensor | null)[];
}

/** Gradients of the same; owned by the caller. */
export interface DecoderGradient {
  readonly cls: Tensor;
  readonly groups: Tensor;
  readonly skips: readonly (Tensor | null)[];
}

export interface TracedDecoder {
  /** [batch, points, classes] */
  readonly value: Tensor;
  readonly pullback: ((dy: Tensor, sink: Sink) => DecoderGradient) & { dispose(): void };
}

const takesMost = ({ spec }: PointSegmenter) => spec.decoder.globals.includes('max');

/** [batch, points, globals·width + width] */
function withGlobals(model: PointSegmenter, x: Tensor, cls: Tensor, most: Tensor | null): Tensor {
  const [batch, points, width] = x.shape as [number, number, number];
  return tidy(() => {
    const spread = (y: Tensor) => broadcastTo(reshape(y, [batch, 1, width]), [batch, points, width]);
    const globals = model.spec.decoder.globals.map((name) => spread(name === 'cls' ? cls : most!));
    return concat([...globals, x], 2);
  });
}

function stageInput(y: Tensor, skip: Tensor | null, stage: number, model: PointSegmenter, geometry: PointGeometry) {
  return tidy(() => {
    const up = mapRows.apply(y, geometry.decoder[stage]!);
    return skip && skipWidths(model.spec)[stage] !== 0 ? concat([skip, up], 1) : up;
  });
}

/** Without gradient. */
export function applyDecoder(model: PointSegmenter, input: DecoderInput, geometry: PointGeometry, context: Context) {
  const { decoder, head } = model.modules;
  return tidy(() => {
    let y = input.groups;
    for (let i = decoder.length - 1; i >= 0; i--) {
      const x = stageInput(y, input.skips[i]!, i, model, geometry);
      if (y !== input.groups) y.dispose();
      y = decoder[i]!.apply(x, context.child(i));
      x.dispose();
    }
    const points = reshape(y, [geometry.batch, geometry.points, y.shape[1]!]);
    const most = takesMost(model) ? neighbourMax.apply(points) : null;
    const x = withGlobals(model, points, input.cls, most);
    return head.apply(x, context.child('head'));
  });
}

/** The gradients of what `withGlobals` and the head's input were made of; `most` is the maximum's pullback, where it is taken. */
function splitGlobals(model: PointSegmenter, dx: Tensor, most: OpPullback<'x'> | null) {
  const { globals } = model.spec.decoder;
  const [batch, points, total] = dx.shape as [number, number, number];
  const width = total / (globals.length + 1);
  return tidy(() => {
    const at = (i: number) => slice(dx, [0, 0, i * width], [batch, points, width]);
    const own = at(globals.length);
    const whole = most ? add(own, most(sum(at(globals.indexOf('max')), 1)).x!) : own;
    const cls = globals.includes('cls') ? sum(at(globals.indexOf('cls')), 1) : zeros([batch, width]);
    return { cls, points: reshape(whole, [batch * points, width]) };
  });
}

interface Pullbacks {
  readonly stages: readonly Pullback[];
  readonly most: OpPullback<'x'> | null;
  readonly head: Pullback;
}

/** The logits and the pullbacks, which go into `kept` as they are made. */
function forward(
  model: PointSegmenter,
  input: DecoderInput,
  geometry: PointGeometry,
  context: Context,
  kept: Held,
): { value: Tensor; pullbacks: Pullbacks } {
  const { decoder, head } = model.modules;
  return holding((held) => {
    const stages: Pullback[] = [];
    let y = held.share(input.groups);
    for (let i = decoder.length - 1; i >= 0; i--) {
      const x = held.add(stageInput(y, input.skips[i]!, i, model, geometry));
      held.free(y);
      const traced = decoder[i]!.trace(x, context.child(i));
      stages[i] = kept.add(traced.pullback);
      y = held.add(traced.value);
      held.free(x);
    }
    const points = held.add(reshape(y, [geometry.batch, geometry.points, y.shape[1]!]));
    held.free(y);
    const traced = takesMost(model) ? neighbourMax.trace(points) : null;
    const most = traced && kept.add(traced.pullback);
    const x = held.add(withGlobals(model, points, input.cls, traced && held.add(traced.value)));
    held.free(points, traced?.value);
    const top = head.trace(x, context.child('head'));
    held.free(x);
    return { value: top.value, pullbacks: { stages, most, head: kept.add(top.pullback) } };
  });
}

function pull(
  model: PointSegmenter,
  geometry: PointGeometry,
  { stages, most, head }: Pullbacks,
  dy: Tensor,
  sink: Sink,
): DecoderGradient {
  return holding((held) => {
    const dx = held.add(head(dy, sink));
    const { cls, points } = splitGlobals(model, dx, most);
    held.add(cls);
    held.free(dx);
    let gradient = held.add(points);
    const skips: (Tensor | null)[] = [];
    for (const [i, pullback] of stages.entries()) {
      const dInput = held.add(pullback(gradient, sink));
      held.free(gradient);
      const skip = skipWidths(model.spec)[i]!;
      const [rows, width] = dInput.shape as [number, number];
      skips[i] = skip === 0 ? null : held.add(slice(dInput, [0, 0], [rows, skip]));
      const ofCoarser = held.add(slice(dInput, [0, skip], [rows, width - skip]));
      held.free(dInput);
      gradient = held.add(mapRows.gradient(ofCoarser, geometry.decoder[i]!));
      held.free(ofCoarser);
    }
    return { cls, groups: gradient, skips };
  });
}

/** The trace keeps what its layers keep. */
export function traceDecoder(
  model: PointSegmenter,
  input: DecoderInput,
  geometry: PointGeometry,
  context: Context,
): TracedDecoder {
  return holding((kept) => {
    const { value, pullbacks } = forward(model, input, geometry, context, kept);
    const run = (dy: Tensor, sink: Sink) => pull(model, geometry, pullbacks, dy, sink);
    return { value, pullback: once('the decoder', [kept], run) };
  });
}
