/** Training on random clouds. */
import { type BatchSource, createSegmenter } from '@dr2net/models';
import { type PointBatch, pointSegmentation, type SegmentationOptions } from '@dr2net/pointcloud';
import { type FinetuneOptions, finetune } from '@dr2net/train';
import * as tf from '@tensorflow/tfjs-core';
import { randomClouds } from 'bench-core/clouds';
import { channels, type PlanModel } from './settings.ts';

interface Sizes {
  readonly batches: number;
  readonly batch: number;
  /** Of a cloud. */
  readonly points: number;
}

/** The same clouds in every batch, each point's height its feature. */
function clouds({ batches, batch, points }: Sizes): BatchSource<PointBatch> {
  const { positions: coordinates, labels } = randomClouds({ batch, points });
  const heights = Float32Array.from({ length: batch * points }, (_, i) => coordinates[3 * i + 2]!);
  return {
    samples: batches * batch,
    batches,
    async *epoch() {
      for (let i = 0; i < batches; i++) {
        const positions = tf.tensor3d(coordinates, [batch, points, 3]);
        const features = tf.tensor3d(heights, [batch, points, channels]);
        const ids = Array.from({ length: batch }, (_, j) => `clouds ${i}, ${j}`);
        yield {
          ...{ ids, size: batch, positions, coordinates, features, labels, scenes: ids },
          points: ids.map(() => Int32Array.from({ length: points }, (_, j) => j)),
          dispose: () => tf.dispose([positions, features]),
        };
      }
    },
  };
}

/** The events of a run; the model is freed at its end. */
export async function* trainOnClouds(
  config: PlanModel['config'],
  run: Pick<SegmentationOptions, 'method' | 'coefficients'>,
  sizes: Sizes,
  options: FinetuneOptions<PointBatch>,
) {
  const segmenter = createSegmenter(config, 1);
  const model = pointSegmentation(segmenter, run);
  yield* finetune(model, clouds(sizes), options);
  segmenter.dispose();
}
