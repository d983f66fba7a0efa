// The training, in a worker, so that the page stays responsive. This is the file to change.
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { actionRecognizer, adamW, clipSource, cosineRate, finetune, loadBackbone, startBackend } from 'dr2net';
import { exampleClips } from 'dr2net/example';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};

const tell = (told) => postMessage(told);
const stop = new AbortController();

async function train({ model: folder, steps }) {
  const { name, device } = await startBackend('auto', { wasmPaths }); // WebGPU, else WebAssembly
  tell({ type: 'backend', name, device });

  const backbone = await loadBackbone(folder);
  // Clips of eight motions, drawn from seeds. Your own: { labels, clips: [{ id, file, label }] } of chosen files, and no reader.
  const [train, held] = [exampleClips('train'), exampleClips('val')];
  const form = { ...backbone.input, batch: 16 };
  const augment = { flip: 0, crop: false }; // mirrored, a clip that moves left would move right
  const clips = clipSource(train.dataset, { ...form, reader: train.reader, training: true, augment });
  const model = actionRecognizer(backbone, { classes: train.dataset.labels, labelSmoothing: 0.1 });
  const run = finetune(model, clips, {
    steps,
    memory: { method: 'exact' }, // or 'reversible', 'checkpoint', 'conventional', 'frozen'
    optimizer: adamW({ lr: 1e-3, layerDecay: 0.75 }),
    learningRate: cosineRate({ rate: 1e-3, warmup: '10%' }),
    signal: stop.signal,
  });
  for await (const event of run) {
    if (event.type !== 'step') continue;
    const { type, step, total, loss, accuracy = 0, memory } = event;
    tell({ type, step, total, loss, accuracy, activationBytes: memory.activationPeakBytes });
    await new Promise((next) => setTimeout(next)); // lets 'stop' in
  }
  const heldClips = clipSource(held.dataset, { ...form, reader: held.reader, training: false });
  const { top1, clips: count } = await model.evaluate(heldClips);
  tell({ type: 'end', stopped: stop.signal.aborted, top1, clips: count });
}

addEventListener('message', ({ data }) => {
  if (data === 'stop') stop.abort();
  else train(data).catch((error) => tell({ type: 'error', message: String(error) }));
});
