/** From tokens back to all points, and to logits: interpolation and linear layers, stage by stage, then the head. */
import { type Context, mapRows, neighbourMax, once, type Pullback, type Sink } from '@dr2net/ops';
import { add, broadcastTo, concat, dispose, reshape, slice, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
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
    const x = withGlobals(model, points, input.cls, neighbourMax.apply(points));
    return head.apply(x, context.child('head'));
  });
}

/** The trace keeps what its layers keep. */
export function traceDecoder(
  model: PointSegmenter,
  input: DecoderInput,
  geometry: PointGeometry,
  context: Context,
): TracedDecoder {
  const { decoder, head } = model.modules;
  const { batch, points } = geometry;
  const stages: Pullback[] = [];
  const kept: { dispose(): void }[] = [];
  let y = input.groups;
  try {
    for (let i = decoder.length - 1; i >= 0; i--) {
      const x = stageInput(y, input.skips[i]!, i, model, geometry);
      if (y !== input.groups) y.dispose();
      const traced = decoder[i]!.trace(x, context.child(i));
      x.dispose();
      stages[i] = traced.pullback;
      kept.push(traced.pullback);
      y = traced.value;
    }
    const width = y.shape[1]!;
    const all = reshape(y, [batch, points, width]);
    y.dispose();
    const most = neighbourMax.trace(all);
    kept.push(most.pullback);
    const x = withGlobals(model, all, input.cls, most.value);
    dispose([all, most.value]);
    const top = head.trace(x, context.child('head'));
    x.dispose();
    kept.push(top.pullback);

    const run = (dy: Tensor, sink: Sink): DecoderGradient => {
      const dx = top.pullback(dy, sink);
      const split = tidy(() => {
        const at = (i: number) => slice(dx, [0, 0, i * width], [batch, points, width]);
        const { globals } = model.spec.decoder;
        const of = (name: 'cls' | 'max') => {
          const found = globals.indexOf(name);
          return found < 0 ? null : sum(at(found), 1);
        };
        const ofMost = of('max');
        const own = at(globals.length);
        const whole = ofMost ? add(own, most.pullback(ofMost).x!) : own;
        const cls = of('cls') ?? reshape(slice(dx, [0, 0, 0], [batch, 0, width]), [0, width]);
        return { cls, points: reshape(whole, [batch * points, width]) };
      });
      dx.dispose();
      const skips: (Tensor | null)[] = [];
      let gradient = split.points;
      for (const [i, pullback] of stages.entries()) {
        const dInput = pullback(gradient, sink);
        gradient.dispose();
        const skip = skipWidths(model.spec)[i]!;
        const rows = dInput.shape[0]!;
        skips[i] = skip === 0 ? null : slice(dInput, [0, 0], [rows, skip]);
        gradient = tidy(() => mapRows.gradient(slice(dInput, [0, skip], [rows, width]), geometry.decoder[i]!));
        dInput.dispose();
      }
      return { cls: split.cls, groups: gradient, skips };
    };
    return { value: top.value, pullback: once('the decoder', kept, run) };
  } catch (error) {
    if (y !== input.groups) y.dispose();
    for (const item of kept) item.dispose();
    throw error;
  }
}
