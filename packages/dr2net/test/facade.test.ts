/** The example that the README and the design show, on a tiny model. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  actionRecognizer,
  adamW,
  clipSource,
  createBackbone,
  createSegmenter,
  createYolos,
  detectionSource,
  dynamic,
  type FinetuneEvent,
  finetune,
  loadBackbone,
  objectDetection,
  pointSegmentation,
  pointSource,
  readClips,
  readDetections,
  readScenes,
  samplingOf,
  segmenterConfig,
  startBackend,
  yolosConfig,
} from '../src/index.ts';
import { saveTinyModel, temporaryFolder, tinyImageModel, writeTinyClips } from './fixtures.ts';
import { detectionFolder } from './squares.ts';

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

it('keeps a memory budget, and says what it chose', async () => {
  const before = memory().numTensors;
  const backbone = await loadBackbone(join(folder.path, 'model'), { frames: 4 });
  const dataset = await readClips(join(folder.path, 'clips'), { split: 'train' });
  const model = actionRecognizer(backbone, { classes: dataset.labels });
  const clips = clipSource(dataset, { ...backbone.input, batch: 2, training: true });
  const events: FinetuneEvent<unknown>[] = [];
  for await (const event of finetune(model, clips, { steps: 1, memory: { budget: '1GB' } })) events.push(event);
  expect(events[0]).toMatchObject({ type: 'warning', step: 0 });
  expect((events[0] as { message: string }).message).toMatch(
    /^memory budget: conventional, 2 clips at a time: .* of 1.00 GB/,
  );
  // The network is the model's own, whatever the method.
  expect(events.find(({ type }) => type === 'step')).toMatchObject({ method: 'conventional', beta: 1 / 64 });
  const refused = (budget: string | number) => () => finetune(model, clips, { steps: 1, memory: { budget } });
  expect(refused('1MB')).toThrow(/Nothing fits 1.00 MB: the leanest setting/);
  expect(refused(-1)).toThrow(/"-1" is nothing/);
  expect(refused('some')).toThrow(/"some" is no size/);
  expect(() => finetune({ ...model } as never, clips, { steps: 1, memory: { budget: '1GB' } })).toThrow(
    /needs a model whose memory is known/,
  );
  model.dispose();
  backbone.dispose();
  expect(memory().numTensors).toBe(before);
});

it('keeps a memory budget on point clouds too', async () => {
  const before = memory().numTensors;
  const clouds = join(folder.path, 'clouds');
  mkdirSync(clouds, { recursive: true });
  const rows = Array.from({ length: 300 }, (_, i) => `${i % 17} ${i % 13} ${i % 7} ${i % 2}`);
  writeFileSync(join(clouds, 'a.txt'), `//x y z label\n${rows.join('\n')}\n`);
  const blocks = createBackbone(tinyImageModel, 3);
  const config = segmenterConfig(blocks, { classes: 2, channels: 1, groupSize: 8 });
  const segmenter = createSegmenter(config, 5, { blocks });
  blocks.dispose();
  const data = await pointSource(await readScenes(clouds), {
    batch: 2,
    training: true,
    sampling: samplingOf({ points: 128, region: 'sphere', features: ['height'] }),
  });
  const model = pointSegmentation(segmenter);
  const events: FinetuneEvent<unknown>[] = [];
  for await (const event of finetune(model, data, { steps: 1, memory: { budget: '1GB' } })) events.push(event);
  expect(events[0]).toMatchObject({
    type: 'warning',
    message: expect.stringMatching(/^memory budget: conventional, 2 samples at a time: .* of 1.00 GB/),
  });
  expect(() => finetune(model, data, { steps: 1, memory: { budget: '1MB' } })).toThrow(/Nothing fits.*fewer points/);
  const { points: _, ...unknown } = data;
  expect(() => finetune(model, unknown, { steps: 1, memory: { budget: '1GB' } })).toThrow(
    /pointSegmentation with a pointSource/,
  );
  segmenter.dispose();
  expect(memory().numTensors).toBe(before);
});

it('keeps a memory budget on images with boxes too', async () => {
  const before = memory().numTensors;
  const { at, writeSquares } = detectionFolder(folder.path);
  await writeSquares('squares');
  const dataset = await readDetections(at('squares'), { split: 'train' });
  const blocks = createBackbone(tinyImageModel, 3);
  const config = yolosConfig(blocks, { classes: dataset.classes, size: [48, 64], detectionTokens: 6 });
  const detector = await createYolos(config, 5, { blocks });
  blocks.dispose();
  const data = detectionSource(dataset, { size: [48, 64], batch: 2, training: true });
  const model = objectDetection(detector);
  const chosen = async (budget: string | number) => {
    const events: FinetuneEvent<unknown>[] = [];
    for await (const event of finetune(model, data, { steps: 1, memory: { budget } })) events.push(event);
    return events;
  };
  const [plan, step] = await chosen('1GB');
  expect(plan).toMatchObject({
    type: 'warning',
    message: expect.stringMatching(/^memory budget: conventional, 2 images at a time: .* of 1.00 GB/),
  });
  expect(step).toMatchObject({ type: 'step', method: 'conventional', beta: 1 / 64 });
  expect(() => finetune(model, data, { steps: 1, memory: { budget: '1MB' } })).toThrow(
    /Nothing fits.*fewer detections/,
  );
  detector.dispose();
  expect(memory().numTensors).toBe(before);
});
