/** Predicted memory of point segmenters against metered memory: `footprint.test.ts` for points. */
import type { PlannedBackend } from '@dr2net/memory';
import { createSegmenter, segmenterMemoryModelOf } from '@dr2net/models';
import { type PointBatch, pointSegmentation } from '@dr2net/pointcloud';
import { testBackends } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { expectNear, few, meteredPeaks, methods, predictedPeaks, type Training, type Wiring } from './footprint.ts';

interface Case {
  readonly encoder?: Record<string, unknown>;
  readonly embed?: Record<string, unknown>;
  readonly decoder?: Record<string, unknown>;
  readonly head?: Record<string, unknown>;
  readonly points?: number;
  readonly batch?: number;
  readonly partRows?: number;
  readonly shift?: 'branch';
  /** Whether the blocks keep their weights. */
  readonly fixed?: boolean;
}

const [channels, classes] = [4, 3];

function configOf({ encoder, embed, decoder, head }: Case) {
  const knn = { NAME: 'P3Embed', group: 'knn', group_size: 8, norm_args: { norm: 'ln2d' } };
  return {
    model: {
      NAME: 'BaseSeg',
      encoder_args: {
        ...{ NAME: 'PointViT', in_channels: channels, embed_dim: 32, depth: 2, num_heads: 2, qkv_bias: true },
        ...encoder,
        embed_args: embed ?? knn,
      },
      decoder_args: decoder ?? { NAME: 'PointViTDecoder', global_feat: 'cls,max', progressive_input: true },
      cls_args: { NAME: 'SegHead', num_classes: classes, norm_args: { norm: 'ln1d' }, ...head },
    },
  };
}

const cases: Record<string, Case> = {
  'P3Embed, class token and maximum': {},
  'parts of 100 rows': { partRows: 100 },
  'the position inside the branch, LayerScale, stochastic depth': {
    shift: 'branch',
    encoder: { init_values: 1, drop_path_rate: 0.2 },
  },
  'the position once, no global features, one cloud': {
    encoder: { add_pos_each_block: false },
    decoder: { NAME: 'PointViTDecoder', global_feat: '', progressive_input: true, n_decoder_stages: 2 },
    batch: 1,
  },
  'one stage of balls, a decoder of its own levels': {
    embed: { NAME: 'PointPatchEmbed', group: 'ballquery', radius: 0.3, group_size: 8, norm_args: { norm: 'ln2d' } },
    decoder: { NAME: 'PointViTDecoder', global_feat: 'max', n_decoder_stages: 2 },
    head: { dropout: 0 },
  },
  'blocks that keep their weights': { fixed: true },
};

const numbers = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => ((i + 1) * step) % 1);

function clouds(batch: number, points: number) {
  const [samples, rows] = [2 * batch, batch * points];
  return {
    ...{ samples, batches: 2 },
    async *epoch({ from = 0 }: { from?: number }): AsyncIterable<PointBatch> {
      for (let i = from; i < 2; i++) {
        const coordinates = numbers(3 * rows, Math.SQRT2 * Math.PI);
        const positions = tf.tensor3d(coordinates, [batch, points, 3]);
        const features = tf.tensor3d(numbers(channels * rows, Math.E), [batch, points, channels]);
        const ids = Array.from({ length: batch }, (_, j) => `${i}-${j}`);
        yield {
          ...{ ids, size: batch, positions, coordinates, features, scenes: ids },
          labels: Int32Array.from({ length: rows }, (_, j) => j % classes),
          points: ids.map(() => Int32Array.from({ length: points }, (_, j) => j)),
          dispose: () => tf.dispose([positions, features]),
        };
      }
    },
  };
}

/** Peaks under the meter and as predicted. */
async function peaksOf(given: Case, wiring: Wiring, training: Training, backend: PlannedBackend) {
  const { points = 512, batch = 2, partRows, shift, fixed = false } = given;
  const segmenter = createSegmenter(configOf(given), 1, {
    ...(partRows !== undefined && { partRows }),
    ...(shift && { shift }),
  });
  if (fixed)
    for (const parameter of segmenter.parameters)
      if (/^(blocks|norm)\./.test(parameter.name)) parameter.trainable = false;
  const { method, coefficients, read = 'last' } = wiring;
  const model = pointSegmentation(segmenter, { method, coefficients, read });
  const measured = await meteredPeaks(model, clouds(batch, points), training);
  const predicted = predictedPeaks(segmenterMemoryModelOf(segmenter, { points }), wiring, training, { batch, backend });
  segmenter.dispose();
  return { measured, predicted };
}

describe.each(await testBackends())('$name', ({ name, available, start }) => {
  describe.skipIf(!available)('predicted peaks are the metered ones', () => {
    beforeAll(start);
    const backend = name as PlannedBackend;
    const [first] = Object.keys(cases);

    describe.each(Object.entries(cases))('%s', (title, given) => {
      test.each(title === first ? methods : few)('$title', async (wiring) => {
        const { predicted, measured } = await peaksOf(given, wiring, {}, backend);
        expectNear(predicted, measured, wiring);
      });
    });

    const trainings: [string, Training][] = [
      ['gradients in the sink', { update: 'sink' }],
      ['momentum, two batches a step', { optimizer: 'sgd', accumulate: 2 }],
      ['average of the weights', { ema: 0.9 }],
      ['sub-blocks in parts', { chunks: 2 }],
    ];
    describe.each(trainings)('%s', (_, training) => {
      test.each(few)('$title', async (wiring) => {
        const { predicted, measured } = await peaksOf(cases[first!]!, wiring, training, backend);
        expectNear(predicted, measured, wiring);
      });
    });
  });
});
