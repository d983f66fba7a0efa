/** Clips of waves, the same at every call, for tests that ask what a step takes or does and not what it learns. */
import { createBackbone } from '@dr2net/models';
import { type ActionRecognizer, actionRecognizer, type ClipBatch } from '@dr2net/video';
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

const config = {
  model_type: 'videomae',
  hidden_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  image_size: 16,
  patch_size: 8,
  num_frames: 4,
};

/** A real model for clips of 4 frames of 16 pixels, which owns its backbone. */
export function smallRecognizer(
  coefficients?: ActionRecognizer['coefficients'],
  options: { dropPath?: number } = {},
): ActionRecognizer {
  const backbone = createBackbone(config, 1, options);
  const model = actionRecognizer(backbone, { classes, ...(coefficients && { coefficients }) });
  const dispose = model.dispose.bind(model);
  model.dispose = () => {
    dispose();
    backbone.dispose();
  };
  return model;
}
