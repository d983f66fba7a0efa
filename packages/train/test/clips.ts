/** Clips of waves, the same at every call, for tests that ask what a step takes or does and not what it learns. */
import type { ClipBatch } from '@dr2net/video';
import * as tf from '@tensorflow/tfjs-core';

export const classes = ['a', 'b', 'c'];

export function clips({
  frames,
  size,
  batch,
  batches = 4,
}: {
  frames: number;
  size: number;
  batch: number;
  batches?: number;
}) {
  return {
    samples: batches * batch,
    batches,
    async *epoch({ from = 0 }: { from?: number }): AsyncIterable<ClipBatch> {
      for (let i = from; i < batches; i++) {
        const pixels = tf.tensor5d(
          Float32Array.from({ length: batch * frames * size * size * 3 }, (_, j) => Math.sin(j + i)),
          [batch, frames, size, size, 3],
        );
        const targets = tf.tensor2d(Array.from({ length: batch }, () => [1, 0, 0]));
        const ids = Array.from({ length: batch }, (_, j) => `${i}-${j}`);
        const dispose = () => tf.dispose([pixels, targets]);
        yield { ids, labels: ids.map(() => 0), size: batch, pixels, targets, dispose };
      }
    },
  };
}
