// Finetunes a small pretrained video transformer on small clips, without keeping its activations. This is the file to change.
import {
  actionRecognizer,
  adamW,
  clipSource,
  cosineRate,
  finetune,
  formatBytes,
  loadBackbone,
  progress,
  startBackend,
} from 'dr2net';
import { exampleClips } from 'dr2net/example';

// Six times all clips, 16 a step. `npm start -- 10`: ten steps, to see whether it works.
const steps = Number(process.argv[2] ?? 180);
if (!Number.isInteger(steps) || steps < 1) {
  console.error(`error: "${process.argv[2]}" steps cannot be made. Give a whole number from 1 on: npm start -- 10`);
  process.exit(2);
}
const rate = 1e-3;

const backend = await startBackend('auto'); // webgpu → node-gpu → node → wasm: the first one that is installed and works
console.log(`backend ${backend.name}: ${backend.device}`);

// A folder with config.json and model.safetensors; or an id of the Hugging Face hub, owner/name.
const backbone = await loadBackbone('model');

// Clips of eight motions, drawn from seeds. Your own: `readClips('clips')`, a folder of class folders, and no reader.
const [train, held] = [exampleClips('train'), exampleClips('val')];
const form = { ...backbone.input, batch: 16 };
const clips = clipSource(train.dataset, {
  ...form,
  reader: train.reader,
  training: true,
  augment: { flip: 0, crop: false }, // mirrored, a clip that moves left would move right
});
const heldClips = clipSource(held.dataset, { ...form, reader: held.reader, training: false });

const model = actionRecognizer(backbone, { classes: train.dataset.labels, labelSmoothing: 0.1 });
const run = finetune(model, clips, {
  steps,
  memory: { method: 'exact' }, // or 'reversible', 'checkpoint', 'conventional', 'frozen'
  optimizer: adamW({ lr: rate, layerDecay: 0.75 }),
  learningRate: cosineRate({ rate, warmup: '10%' }),
});

let peak = 0;
for await (const event of run) {
  progress(event); // loss, accuracy, memory, time left
  if (event.type === 'step') peak = Math.max(peak, event.memory.activationPeakBytes);
}

const { top1, clips: count } = await model.evaluate(heldClips);
console.log(`${(100 * top1).toFixed(1)} % of ${count} clips that were held back are told right`);
console.log(`activations took ${formatBytes(peak)} at most`);
await model.save('finetuned');
console.log('the finetuned model is in finetuned/');
