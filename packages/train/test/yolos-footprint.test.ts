/** Predicted memory of a YOLOS against metered memory: `footprint.test.ts` for detectors. */
import { type DetectionBatch, objectDetection } from '@dr2net/detection';
import type { PlannedBackend } from '@dr2net/memory';
import { createYolos, type YolosDetector, yolosMemoryModelOf } from '@dr2net/models';
import { testBackends } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { expectNear, few, meteredPeaks, methods, predictedPeaks, type Training, type Wiring } from './footprint.ts';

interface Case {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly batch?: number;
  readonly dropPath?: number;
  /** Whether the blocks keep their weights. */
  readonly fixed?: boolean;
}

const small = {
  ...{ model_type: 'yolos', hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_labels: 3 },
  ...{ image_size: [48, 64], patch_size: 8, num_detection_tokens: 10, use_mid_position_embeddings: true },
};

const cases: Record<string, Case> = {
  'positions before every block, reference boxes': { config: { use_reference_boxes: true } },
  'positions once, LayerScale, stochastic depth': {
    config: { use_mid_position_embeddings: false, layerscale_value: 1, image_size: 56, patch_size: 14 },
    dropPath: 0.2,
  },
  'more detections than patches, reference boxes, one picture': {
    config: { num_detection_tokens: 60, num_hidden_layers: 3, qkv_bias: false, use_reference_boxes: true },
    batch: 1,
  },
  'blocks that keep their weights': { fixed: true },
};

/** Two batches of pictures with an object each. */
function pictures({ spec }: YolosDetector, batch: number) {
  const { size, channels } = spec.input;
  const canvas = { height: size[0], width: size[1] };
  const values = Float32Array.from({ length: batch * size[0] * size[1] * channels }, (_, i) => ((i + 1) * Math.E) % 1);
  return {
    ...{ samples: 2 * batch, batches: 2 },
    async *epoch({ from = 0 }: { from?: number }): AsyncIterable<DetectionBatch> {
      for (let i = from; i < 2; i++) {
        const pixels = tf.tensor4d(values, [batch, ...size, 3]);
        const each = <T>(value: T): T[] => Array.from({ length: batch }, () => value);
        const targets = { labels: Int32Array.of(i), boxes: Float32Array.of(0.5, 0.5, 0.3, 0.2) };
        yield {
          ...{ ids: each(`${i}`), size: batch, pixels, canvas, used: each(canvas), targets: each(targets) },
          ...{ images: [], originals: each(canvas), placements: [] },
          dispose: () => pixels.dispose(),
        };
      }
    },
  };
}

/** Peaks under the meter and as predicted. */
async function peaksOf(given: Case, wiring: Wiring, training: Training, backend: PlannedBackend) {
  const { config, batch = 2, dropPath, fixed = false } = given;
  const detector = await createYolos({ ...small, ...config }, 1, { ...(dropPath !== undefined && { dropPath }) });
  if (fixed)
    for (const parameter of detector.parameters)
      if (/^(blocks|norm)\./.test(parameter.name)) parameter.trainable = false;
  const { method, coefficients, read = 'last' } = wiring;
  const model = objectDetection(detector, { method, coefficients, read });
  const measured = await meteredPeaks(model, pictures(detector, batch), training);
  const predicted = predictedPeaks(yolosMemoryModelOf(detector), wiring, training, { batch, backend });
  detector.dispose();
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
