/** A run in a process of its own, to be killed: prints `step loss` of every step. Arguments: folder, steps, `resume` or `new`. */
import '@tensorflow/tfjs-backend-wasm';
import { setBackend } from '@tensorflow/tfjs-core';
import { adamW, finetune } from '../src/index.ts';
import { toyModel, toySource } from './toy.ts';

const [folder = '', steps = '0', how = 'new'] = process.argv.slice(2);
await setBackend('wasm');
const run = finetune(toyModel(), toySource(), {
  steps: Number(steps),
  optimizer: adamW({ lr: 0.01, layerDecay: 0.75 }),
  update: 'sink',
  clip: 0.5,
  ema: 0.9,
  seed: 5,
  checkpoint: { folder, every: 1, resume: how === 'resume' },
});
for await (const event of run) {
  if (event.type === 'step') process.stdout.write(`${event.step} ${event.loss}\n`);
  if (event.type === 'checkpoint') process.stdout.write(`saved ${event.step}\n`);
}
