/** The parts of a point segmenter, each run alone under a meter. */
import { traceRun } from '@dr2net/core';
import { type Meter, meter } from '@dr2net/memory';
import type { Context, Sink } from '@dr2net/ops';
import { dispose, ones, reshape, slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { createSegmenter, type PointGeometry, type PointSegmenter, pointGeometry } from '../src/index.ts';
import { traceDecoder } from '../src/point/decode.ts';
import { traceTokens } from '../src/point/tokens.ts';

export interface PointSetting {
  readonly model: PointSegmenter;
  readonly geometry: PointGeometry;
  readonly features: Tensor;
  dispose(): void;
}

/** A new segmenter with P3Embed, three classes, and clouds of evenly spread points. */
export function pointSetting(size: {
  points: number;
  batch: number;
  width: number;
  heads: number;
  depth: number;
  groupSize: number;
  partRows?: number;
}): PointSetting {
  const channels = 4;
  const model = createSegmenter(
    {
      model: {
        NAME: 'BaseSeg',
        encoder_args: {
          NAME: 'PointViT',
          in_channels: channels,
          embed_dim: size.width,
          depth: size.depth,
          num_heads: size.heads,
          qkv_bias: true,
          embed_args: { NAME: 'P3Embed', group: 'knn', group_size: size.groupSize, norm_args: { norm: 'ln2d' } },
        },
        decoder_args: { NAME: 'PointViTDecoder', global_feat: 'cls,max', progressive_input: true },
        cls_args: { NAME: 'SegHead', num_classes: 3, norm_args: { norm: 'ln1d' } },
      },
    },
    1,
    size.partRows === undefined ? {} : { partRows: size.partRows },
  );
  const numbers = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => ((i + 1) * step) % 1);
  const rows = size.points * size.batch;
  const geometry = pointGeometry(model.spec, numbers(3 * rows, Math.SQRT2 * Math.PI), size.batch);
  const features = tensor(numbers(channels * rows, Math.E), [size.batch, size.points, channels]);
  return {
    model,
    geometry,
    features,
    dispose: () => {
      features.dispose();
      model.dispose();
    },
  };
}

/** Forgets gradients, which are no activations. */
function forgetting(running: Meter): Sink {
  return Object.assign(
    (_: unknown, gradient: Tensor) => {
      running.exclude(gradient, 'gradients');
      gradient.dispose();
    },
    { summing: (gradient: Tensor) => running.exclude(gradient, 'gradients') },
  );
}

export interface PartPeak {
  readonly name: string;
  readonly peakBytes: number;
  readonly seconds: number;
}

/** Activation peaks by part and phase, each part run alone: what it is given is not counted, what it kept for its backward pass is. */
export function peaksByPart({ model, geometry, features }: PointSetting, context: Context): PartPeak[] {
  const running = meter({ points: 0 });
  const peaks: PartPeak[] = [];
  const sink = forgetting(running);
  let given = 0;
  const phase = <T>(name: string, body: () => T): T => {
    running.reset();
    running.phase(name);
    const result = body();
    const { activationPeakBytes, seconds } = running.read().phases.find((each) => each.name === name)!;
    peaks.push({ name, peakBytes: activationPeakBytes - given, seconds });
    return result;
  };
  const part = () => {
    given = running.activationBytes;
  };

  part();
  const tokens = phase('tokenizer, forward', () => traceTokens(model, features, geometry, context, false));
  const [dTokens, dPosition] = [ones(tokens.tokens.shape), ones(tokens.position.shape)];
  const skips = tokens.levels.slice(0, -1).map((level) => ones(level.shape));
  phase('tokenizer, backward', () => tokens.pullback({ tokens: dTokens, position: dPosition, skips }, sink))?.dispose();
  dispose([dTokens, dPosition, ...skips]);

  part();
  const options = {
    coefficients: { alpha: 0.1, beta: 0.9 },
    method: { name: 'reversible' },
    shift: tokens.position,
  } as const;
  const run = phase('reversible part, forward', () =>
    traceRun(model.modules.subBlocks, tokens.tokens, context, options),
  );
  const dy = ones(run.value.shape);
  const gradient = phase('reversible part, backward', () => run.pullback(dy, sink));
  dispose([gradient.x0!, gradient.shift!, dy]);

  const groups = tidy(() => reshape(slice(run.value, [0, 1, 0], [-1, -1, -1]), [-1, model.spec.width]));
  const cls = tidy(() => reshape(slice(run.value, [0, 0, 0], [-1, 1, -1]), [-1, model.spec.width]));
  run.value.dispose();
  part();
  const input = { cls, groups, skips: tokens.levels.slice(0, -1) };
  const decoder = phase('decoder and head, forward', () => traceDecoder(model, input, geometry, context));
  const dLogits = ones(decoder.value.shape);
  const d = phase('decoder and head, backward', () => decoder.pullback(dLogits, sink));
  dispose([decoder.value, dLogits, cls, groups, ...tokens.levels, tokens.tokens, tokens.position]);
  for (const each of [d.cls, d.groups, ...d.skips]) each?.dispose();
  running.stop();
  return peaks;
}
