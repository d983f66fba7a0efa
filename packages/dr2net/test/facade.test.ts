/** The example that the README and the design show, on a tiny model. */
import { join } from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  actionRecognizer,
  adamW,
  clipSource,
  dynamic,
  type FinetuneEvent,
  finetune,
  loadBackbone,
  readClips,
  startBackend,
} from '../src/index.ts';
import { saveTinyModel, temporaryFolder, writeTinyClips } from './fixtures.ts';

const folder = temporaryFolder('facade');
beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(join(folder.path, 'model'));
  await writeTinyClips(join(folder.path, 'clips'), 2, 1);
});
afterAll(() => folder.remove());

it('trains as the example says, and leaves no tensor behind', async () => {
  const before = memory().numTensors;
  const backbone = await loadBackbone(join(folder.path, 'model'), { frames: 4 });
  const dataset = await readClips(join(folder.path, 'clips'), { split: 'train' });
  const model = actionRecognizer(backbone, { classes: dataset.labels });
  const clips = clipSource(dataset, { ...backbone.input, batch: 2, training: true });
  const run = finetune(model, clips, {
    steps: 3,
    schedule: dynamic({ start: 0, end: '60%', ratio: 0.6 }),
    memory: { method: 'exact' },
    optimizer: adamW({ lr: 5e-4, layerDecay: 0.75 }),
  });
  const events: FinetuneEvent<unknown>[] = [];
  for await (const event of run) events.push(event);
  const steps = events.filter((event) => event.type === 'step');
  expect(steps.map(({ method }) => method)).toEqual(['exact', 'exact', 'exact']);
  expect(steps[0]?.memory.device?.kind).toBe('wasm heap');
  expect(steps[2]?.alpha).toBeCloseTo(0.4, 2);
  model.dispose();
  backbone.dispose();
  expect(memory().numTensors).toBe(before);
});
