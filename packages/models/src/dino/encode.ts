/** Pixels to the decoder's memory: the backbone's maps, levels of one width, and the encoder. */
import { applyRun, type Method, type RunOptions, type RunReport, traceRun } from '@dr2net/core';
import { type Context, Held, holding, once, type Sink, share } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ModelOptionError } from '../errors.ts';
import { runOptionsOf } from '../runs.ts';
import { applyFeatures, traceFeatures } from '../swin/features.ts';
import type { DinoInput, DinoRunOptions, TraceDinoOptions } from './contract.ts';
import { cellPositions, encoderSubBlocks } from './encoder.ts';
import { Geometry } from './geometry.ts';
import { passLevels } from './levels.ts';
import type { DinoModules } from './modules.ts';
import { kept, pass } from './pass.ts';
import type { DinoSpec } from './spec.ts';

export interface Encoded {
  /** [batch, cells, width]; owned by the caller. */
  readonly memory: Tensor;
  /** Owned by the caller; what was kept needs it. */
  readonly geometry: Geometry;
  readonly pullback: EncodePullback | null;
  readonly reports: readonly RunReport[];
}

/** Takes the memory's gradient (borrowed); gives that of the pixels, or null where it was not wanted (or `frozen`). */
export interface EncodePullback {
  (dMemory: Tensor, sink: Sink): Tensor | null;
  dispose(): void;
}

/** Runs of the backbone that are gone through. */
export const backboneRuns = ({ backbone }: DinoSpec): number => Math.max(...backbone.features) + 1;

/** What stands behind a frozen backbone is new and learns. */
const behind = (method: Method): Method => (method.name === 'frozen' ? { name: 'checkpoint' } : method);

/** Of the run of that number behind the backbone's: 0 the encoder, 1 … the decoder's layers. */
export function runOptions(spec: DinoSpec, options: DinoRunOptions, number: number): RunOptions {
  return runOptionsOf({ ...options, method: behind(options.method) }, backboneRuns(spec) + number);
}

function checkPixels({ backbone: { patch, input } }: DinoSpec, pixels: Tensor): void {
  const [, height, width, channels] = pixels.shape;
  if (pixels.rank !== 4 || channels !== input.channels)
    throw new ModelOptionError(
      `The pixels are [${pixels.shape}]; [batch, height, width, ${input.channels}] is needed.`,
    );
  for (const side of [height!, width!])
    if (side % patch !== 0)
      throw new ModelOptionError(
        `Pictures of ${height} × ${width} pixels do not fit: both sides must be multiples of the patch size ${patch}; pad them and say what is no padding (valid).`,
      );
}

function backboneMaps(
  modules: DinoModules,
  pixels: Tensor,
  options: TraceDinoOptions,
  context: Context,
  keeps: boolean,
) {
  const body = { ...options, context };
  if (keeps) return traceFeatures(modules.backbone, pixels, body);
  return { maps: applyFeatures(modules.backbone, pixels, body), pullback: null, reports: [] };
}

export function encode(
  spec: DinoSpec,
  modules: DinoModules,
  { pixels, valid }: DinoInput,
  options: TraceDinoOptions,
  keeps: boolean,
): Encoded {
  checkPixels(spec, pixels);
  const { context } = options;
  const [batch, height, width] = pixels.shape as [number, number, number, number];
  return holding((held) => {
    const all = held.add(new Held());
    const features = backboneMaps(modules, pixels, options, context.child('backbone'), keeps);
    for (const map of features.maps) held.add(map);
    if (features.pullback) all.add(features.pullback);
    const levels = passLevels(modules.levels, features.maps, context.child('levels'), keeps);
    held.add(levels.tokens);
    if (levels.pullback) all.add(levels.pullback);
    held.free(...features.maps);
    const size = [height, width] as const;
    const geometry = held.add(new Geometry({ batch, size, valid, shapes: levels.shapes, width: spec.width }));
    const positions = all.keep(cellPositions(modules, geometry));
    const entry = modules.dropout
      ? pass(modules.dropout, levels.tokens, context.child('encoder dropout'), keeps)
      : { value: share(levels.tokens), pullback: null };
    held.add(entry.value);
    if (entry.pullback) all.add(entry.pullback);
    held.free(levels.tokens);
    const subBlocks = encoderSubBlocks(modules, geometry, positions);
    const [inner, run] = [context.child('encoder'), runOptions(spec, options, 0)];
    if (!keeps) {
      const memory = held.add(applyRun(subBlocks, entry.value, inner, run));
      held.free(entry.value, all);
      return { memory: held.release(memory), geometry: held.release(geometry), pullback: null, reports: [] };
    }
    const traced = traceRun(subBlocks, entry.value, inner, run);
    held.add(traced.value);
    all.add(traced.pullback);
    held.free(entry.value);
    const pull = (dMemory: Tensor, sink: Sink) =>
      holding((own) => {
        const { x0 } = traced.pullback(dMemory, sink);
        let d = own.add(kept(x0));
        if (entry.pullback) {
          const before = own.add(entry.pullback(d, sink));
          own.free(d);
          d = before;
        }
        const dMaps = kept(levels.pullback)(d, sink);
        for (const each of dMaps) own.add(each);
        own.free(d);
        const dPixels = kept(features.pullback)(dMaps, sink);
        own.dispose();
        return dPixels;
      });
    const pullback = once('the encoder', [all], pull);
    for (const each of [traced.value, geometry, all]) held.release(each);
    return { memory: traced.value, geometry, pullback, reports: [...features.reports, traced.report] };
  });
}
