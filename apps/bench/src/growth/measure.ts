/** Does training grow? The whole loop (recognizer, AdamW) on a tiny network: tensors and bytes after many steps. */
import { startBackend } from '@dr2net/backends';
import { type BatchSource, createBackbone } from '@dr2net/models';
import { adamW, finetune } from '@dr2net/train';
import { actionRecognizer, type ClipBatch } from '@dr2net/video';
import * as tf from '@tensorflow/tfjs-core';
import { type MethodName, methodSettings } from 'bench-core';

export interface GrowthSettings {
  readonly backend: string;
  readonly method: MethodName;
  readonly steps: number;
}

interface Count {
  readonly tensors: number;
  readonly bytes: number;
  /** What the device has allocated. */
  readonly deviceBytes: number;
}

export interface GrowthMeasurement {
  readonly settings: GrowthSettings;
  readonly device: string;
  readonly deviceKind: string;
  /** After the 10th step, when every slot and table exists, and after the last. */
  readonly early: Count;
  readonly late: Count;
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** `exact`: in every step the rebuilt first state was the stored one, bit for bit. */
  readonly identical?: boolean;
}

const size = 16;
const frames = 4;
const classes = ['a', 'b'];
const early = 10;

/** Two clips a batch: noise, brighter for the second class. */
function source(batches: number): BatchSource<ClipBatch> {
  return {
    samples: 2 * batches,
    batches,
    async *epoch({ from = 0 }) {
      for (let i = from; i < batches; i++) {
        const noise = tf.randomNormal([2, frames, size, size, 3], 0, 1, 'float32', i + 1);
        const shift = tf.tensor5d([-0.5, 0.5], [2, 1, 1, 1, 1]);
        const pixels: tf.Tensor5D = tf.add(noise, shift);
        const targets = tf.tensor2d([1, 0, 0, 1], [2, 2]);
        tf.dispose([noise, shift]);
        yield {
          ids: [`${i} a`, `${i} b`],
          labels: [0, 1],
          size: 2,
          pixels,
          targets,
          dispose: () => tf.dispose([pixels, targets]),
        };
      }
    },
  };
}

export async function measureGrowth(settings: GrowthSettings): Promise<GrowthMeasurement> {
  const backend = await startBackend(settings.backend);
  const config = {
    model_type: 'videomae',
    hidden_size: 32,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    intermediate_size: 64,
  };
  const backbone = createBackbone(
    { ...config, image_size: size, patch_size: 8, num_frames: frames, tubelet_size: 2 },
    1,
  );
  const { method, coefficients } = methodSettings[settings.method];
  const verified = method.name === 'exact' ? { ...method, verify: true } : method;
  const model = actionRecognizer(backbone, { classes, method: verified, coefficients });
  const count = (): Count => {
    const { numTensors, numBytes } = tf.memory();
    return { tensors: numTensors, bytes: numBytes, deviceBytes: backend.memory.current() ?? 0 };
  };
  const counts: Count[] = [];
  const losses: number[] = [];
  let identical = method.name === 'exact' ? true : undefined;
  for await (const event of finetune(model, source(settings.steps), {
    steps: settings.steps,
    optimizer: adamW({ lr: 1e-3 }),
    backend,
  })) {
    if (event.type !== 'step') continue;
    losses.push(event.loss);
    if (identical !== undefined) identical &&= event.identical === true;
    if (event.step === early || event.step === settings.steps) counts.push(count());
  }
  const [first, last] = [counts[0], counts.at(-1)];
  if (!first || !last) throw new Error(`${settings.steps} steps are too few; give more than ${early}.`);
  return {
    settings,
    device: backend.device,
    deviceKind: backend.memory.kind,
    ...{ early: first, late: last, firstLoss: losses[0] ?? Number.NaN, lastLoss: losses.at(-1) ?? Number.NaN },
    ...(identical !== undefined && { identical }),
  };
}
