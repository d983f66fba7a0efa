/**
 * Pretrains the embedded backbone on unlabelled clips, and writes its weights with the log of the run.
 *
 *     pnpm --filter start pretrain [--backend node] [--steps 700]
 */
import '@tensorflow/tfjs';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import { saveBackbone } from '@dr2net/models';
import { adamW, type Optimizer } from '@dr2net/train';
import type * as tf from '@tensorflow/tfjs-core';
import { Command } from 'commander';
import { clipOptions, Random } from 'dr2net/example';
import { provenance, userPath } from 'jobs';
import { modelFolder } from '../src/folder.ts';
import { type Losses, MaskedAutoencoder } from './pretrain/autoencoder.ts';
import { maskedBatch, shapeOf, unlabelledClips } from './pretrain/batch.ts';

const config = {
  architectures: ['VideoMAEModel'],
  model_type: 'videomae',
  hidden_size: 96,
  num_hidden_layers: 8,
  num_attention_heads: 3,
  intermediate_size: 384,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-6,
  image_size: clipOptions.size,
  patch_size: 8,
  num_channels: 3,
  num_frames: clipOptions.frames,
  tubelet_size: 2,
  qkv_bias: true,
  use_mean_pooling: true,
};

interface Flags {
  backend: string;
  steps: string;
  batch: string;
  lr: string;
  pool: string;
  mask: string;
  seed: string;
  out: string;
}

/** The optimizer's slots of one parameter. */
class Slots {
  readonly #tensors = new Map<string, tf.Tensor>();
  get(name: string): tf.Tensor | undefined {
    return this.#tensors.get(name);
  }
  set(name: string, tensor: tf.Tensor): void {
    this.#tensors.get(name)?.dispose();
    this.#tensors.set(name, tensor);
  }
  /** Nobody counts memory here. */
  announce(): void {}
  take(name: string): tf.Tensor | undefined {
    const tensor = this.#tensors.get(name);
    this.#tensors.delete(name);
    return tensor;
  }
}

function update(
  network: MaskedAutoencoder,
  gradients: tf.Tensor[],
  optimizer: Optimizer,
  slots: Map<string, Slots>,
  count: number,
  learningRate: number,
) {
  for (const [i, parameter] of network.parameters.entries()) {
    const gradient = gradients[i] as tf.Tensor;
    const key = `${i} ${parameter.name}`;
    const own = slots.get(key) ?? new Slots();
    slots.set(key, own);
    const weightDecay = optimizer.decays(parameter) ? optimizer.weightDecay : 0;
    const [next] = optimizer.update([
      { value: parameter.variable, gradient, slots: own, count, learningRate, weightDecay },
    ]);
    if (next) parameter.assign(next);
    gradient.dispose();
  }
}

async function pretrain(flags: Flags): Promise<void> {
  const [steps, batch, peak, seed] = [flags.steps, flags.batch, flags.lr, flags.seed].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const log = join(flags.out, 'pretrain.jsonl');
  mkdirSync(flags.out, { recursive: true });
  rmSync(log, { force: true });
  const record = (entry: object) => {
    appendFileSync(log, `${JSON.stringify(entry)}\n`);
    process.stderr.write(`${JSON.stringify(entry)}\n`);
  };
  const backend = await startBackend(flags.backend);
  const { backend: _, out: __, ...settings } = flags;
  record({ kind: 'settings', ...settings, backend: backend.name, device: backend.device, ...provenance() });
  const shape = shapeOf(config.patch_size, config.tubelet_size, Number(flags.mask));
  const network = new MaskedAutoencoder(config, shape, seed);
  const pool = unlabelledClips(Number(flags.pool), 1000 + seed);
  const random = new Random(seed);
  const optimizer = adamW({ lr: peak, weightDecay: 0.05 });
  const slots = new Map<string, Slots>();
  const warmup = 0.08 * steps;
  const started = performance.now();
  let sums: Losses = { pixels: 0, maskedFlow: 0, visibleFlow: 0 };
  const every = 100;
  for (let step = 1; step <= steps; step++) {
    const learningRate = peak * Math.min(1, step / warmup) * 0.5 * (1 + Math.cos((Math.PI * (step - 1)) / steps));
    const { losses, gradients } = network.step(maskedBatch(pool, batch, shape, network.encoder.input, random));
    update(network, gradients, optimizer, slots, step, learningRate);
    sums = {
      pixels: sums.pixels + losses.pixels,
      maskedFlow: sums.maskedFlow + losses.maskedFlow,
      visibleFlow: sums.visibleFlow + losses.visibleFlow,
    };
    if (step % every !== 0 && step !== steps) continue;
    const count = step % every || every;
    const mean = (sum: number) => Number((sum / count).toFixed(4));
    record({
      kind: 'step',
      step,
      ...{ pixels: mean(sums.pixels), maskedFlow: mean(sums.maskedFlow), visibleFlow: mean(sums.visibleFlow) },
      learningRate: Number(learningRate.toPrecision(3)),
      seconds: Math.round((performance.now() - started) / 1000),
    });
    sums = { pixels: 0, maskedFlow: 0, visibleFlow: 0 };
    if (step % 500 === 0 || step === steps) await saveBackbone(flags.out, network.encoder);
  }
  network.dispose();
}

await new Command('pretrain')
  .description('Pretrains the embedded backbone on unlabelled clips.')
  .option('--backend <name>', 'as in dr2net', 'auto')
  .option('--steps <n>', 'steps', '700')
  .option('--batch <n>', 'clips a step', '32')
  .option('--lr <number>', 'peak learning rate', '1e-3')
  .option('--pool <n>', 'clips that are drawn; each gives many variants', '4000')
  .option('--mask <fraction>', 'share of the patches that the encoder does not see', '0.5')
  .option('--seed <n>', 'seed', '1')
  .option('--out <folder>', 'where config.json, model.safetensors and the log go', userPath, modelFolder)
  .action(pretrain)
  .parseAsync();
process.exit(0);
