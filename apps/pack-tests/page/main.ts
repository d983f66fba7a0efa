// A page as a reader of the READMEs writes it: starts a backend and trains a small network for some steps.
import { startBackend } from '@dr2net/backends';
import { createBackbone } from '@dr2net/models';
import { constant } from '@dr2net/schedulers';
import { adamW, finetune } from '@dr2net/train';
import { actionRecognizer } from '@dr2net/video';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { dispose, tensor2d, tensor5d } from '@tensorflow/tfjs-core';
import * as everything from './everything.ts';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};

/** Clips of one brightness a class. */
const clips = {
  samples: 4,
  batches: 1,
  async *epoch() {
    const labels = [0, 0, 1, 1];
    const values = Float32Array.from({ length: 4 * 4 * 16 * 16 * 3 }, (_, i) =>
      labels[Math.floor(i / 3072)] ? 1 : -1,
    );
    const pixels = tensor5d(values, [4, 4, 16, 16, 3]);
    const targets = tensor2d([1, 0, 1, 0, 0, 1, 0, 1], [4, 2]);
    const ids = labels.map((_, i) => `clip ${i}`);
    yield { ids, size: 4, labels, pixels, targets, dispose: () => dispose([pixels, targets]) };
  },
};

/** @returns the message of what it throws */
const refused = (body: () => Promise<unknown>) =>
  body().then(
    () => '',
    (error: unknown) => `${error}`,
  );

/** @returns how many names every entry has, the loss of every step, and what is said of a folder */
async function run() {
  const { device } = await startBackend('wasm', { wasmPaths });
  const backbone = createBackbone(
    {
      ...{ model_type: 'videomae', qkv_bias: true, use_mean_pooling: true },
      ...{ image_size: 16, patch_size: 8, num_frames: 4, tubelet_size: 2, num_channels: 3 },
      ...{ hidden_size: 24, intermediate_size: 48, num_hidden_layers: 2, num_attention_heads: 2 },
    },
    1,
  );
  const model = actionRecognizer(backbone, { classes: ['bright', 'dark'] });
  const losses: number[] = [];
  const run = finetune(model, clips, {
    epochs: 6,
    method: { name: 'exact' },
    schedule: constant(63 / 64, 1 / 64),
    optimizer: adamW({ lr: 5e-3 }),
  });
  for await (const event of run) if (event.type === 'step') losses.push(event.loss);
  const refusal = await refused(() => finetune(model, clips, { epochs: 1, checkpoint: { folder: 'runs' } }).next());
  const names = Object.entries(everything).map(([entry, all]) => [entry, Object.keys(all).length] as const);
  return { device, names, losses, refusal };
}

export type PageResult = Awaited<ReturnType<typeof run>>;

declare global {
  interface Window {
    run: typeof run;
  }
}
window.run = run;
