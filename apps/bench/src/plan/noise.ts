/** Training on clips of noise. */
import { type BatchSource, createBackbone } from '@dr2net/models';
import { type FinetuneOptions, finetune } from '@dr2net/train';
import { actionRecognizer, type ClipBatch, type RecognizerOptions } from '@dr2net/video';
import * as tf from '@tensorflow/tfjs-core';
import { classes, type PlanModel } from './settings.ts';

function noise(batches: number, batch: number, { frames, size }: { frames: number; size: number }) {
  return {
    samples: batches * batch,
    batches,
    async *epoch() {
      for (let i = 0; i < batches; i++) {
        const values = Float32Array.from({ length: batch * frames * size * size * 3 }, (_, j) => Math.sin(j * (i + 1)));
        const pixels = tf.tensor5d(values, [batch, frames, size, size, 3]);
        const rows = Array.from({ length: batch }, () => classes.map((_, k) => (k === i % classes.length ? 1 : 0)));
        const targets = tf.tensor2d(rows);
        const ids = rows.map((_, j) => `noise ${i}, ${j}`);
        const dispose = () => tf.dispose([pixels, targets]);
        yield { ids, labels: ids.map(() => i % classes.length), size: batch, pixels, targets, dispose };
      }
    },
  } satisfies BatchSource<ClipBatch>;
}

/** The events of a run; the model is freed at its end. */
export async function* trainOnNoise(
  config: PlanModel['config'],
  run: Pick<RecognizerOptions, 'method' | 'coefficients'>,
  { batches, batch }: { readonly batches: number; readonly batch: number },
  options: FinetuneOptions<ClipBatch>,
) {
  const backbone = createBackbone(config, 1);
  const model = actionRecognizer(backbone, { classes, ...run });
  yield* finetune(model, noise(batches, batch, backbone.input), options);
  model.dispose();
  backbone.dispose();
}
