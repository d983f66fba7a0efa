/** A budget for a DINO, of whose memory there is no dry model: kept by trial steps. */
import { existsSync } from 'node:fs';
import { startBackend } from '@dr2net/backends';
import { detectionSource, type ObjectDetection, objectDetection, readDetections } from '@dr2net/detection';
import { createDino, createSwin, dinoConfig, saveBackbone } from '@dr2net/models';
import { testBackends } from '@dr2net/testing';
import { finetune as loop, type StepEvent } from '@dr2net/train';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FinetuneEvent, finetune } from '../src/index.ts';
import { measuredPlan } from '../src/plan/measured.ts';
import { detectionTrials } from '../src/tasks/detection/trials.ts';
import { temporaryFolder } from './fixtures.ts';
import { run } from './run.ts';
import { detectionFolder } from './squares.ts';

const folder = temporaryFolder('detection-budget');
const { at, writeSquares } = detectionFolder(folder.path);
const swin = {
  ...{ model_type: 'swin', embed_dim: 8, depths: [2, 2], num_heads: [1, 2] },
  ...{ window_size: 4, patch_size: 4, image_size: 32 },
};
const coefficients = { alpha: 63 / 64, beta: 1 / 64 };

beforeAll(async () => {
  await startBackend('wasm');
  await writeSquares('squares');
});
afterAll(() => folder.remove());

async function make() {
  const dataset = await readDetections(at('squares'), { split: 'train' });
  const blocks = createSwin(swin, 3, { features: [0, 1] });
  const config = dinoConfig({
    ...{ backbone: blocks, features: [0, 1], classes: dataset.classes, queries: 8, width: 32 },
    ...{ encoderLayers: 1, decoderLayers: 1, levels: 3 },
  });
  const detector = await createDino(config, 5, { blocks });
  blocks.dispose();
  // Two objects in each image: as many queries in every batch.
  const model = objectDetection(detector, { size: [48, 64], denoising: { queries: 4 } });
  return { dataset, detector, model };
}

/** Two metered steps by the loop. */
async function steps(model: ObjectDetection, source: Parameters<typeof loop>[1], options: object): Promise<StepEvent> {
  const found: StepEvent[] = [];
  for await (const event of loop(model, source as never, { steps: 2, ...options }))
    if (event.type === 'step') found.push(event);
  return found[1]!;
}

const backends = (await testBackends(['wasm', 'node'])).filter(({ available }) => available);
describe.each(backends)('on $name', ({ name }) => {
  it('chooses by what is measured: the plainest, then leaner ones, then none; and the run keeps it', async () => {
    const backend = await startBackend(name);
    const { dataset, detector, model } = await make();
    const source = detectionSource(dataset, {
      ...{ size: [48, 64], batch: 2, training: true, augment: { crop: false } },
    });
    const tensors = memory().numTensors;
    const trials = detectionTrials(model, dataset);
    // No device bytes: a heap, and an allocator that two threads use, are not the same twice.
    const setting = { coefficients, batch: 2, split: true, seed: 0 };
    const training = { accumulate: 1, update: 'collect', chunks: 1, clip: true } as const;
    const planned = async (bytes: number) => {
      const told: string[] = [];
      const search = measuredPlan(trials, { ...setting, training }, bytes);
      for (;;) {
        const { done, value } = await search.next();
        if (done) return { plan: value, told };
        told.push(value);
      }
    };
    const { plan } = await planned(1e9);
    const { chosen } = plan;
    expect(chosen.choice).toMatchObject({ method: { name: 'conventional' }, batch: 2, accumulate: 1 });
    expect(memory().numTensors).toBe(tensors);

    const real = await steps(model, source as never, { method: chosen.choice.method });
    expect(Math.abs(chosen.memory.peakBytes / real.memory.peakBytes - 1)).toBeLessThan(0.02);
    expect(Math.abs(chosen.memory.activationPeakBytes / real.memory.activationPeakBytes - 1)).toBeLessThan(0.02);

    const budget = chosen.needBytes - 50_000;
    const lean = (await planned(budget)).plan.chosen;
    expect(lean.needBytes).toBeLessThanOrEqual(budget);
    const { method, batch, accumulate } = lean.choice;
    expect([method.name, batch]).not.toEqual(['conventional', 2]);
    const smaller = detectionSource(dataset, { size: [48, 64], batch, training: true, augment: { crop: false } });
    const kept = await steps(model, smaller as never, { method, accumulate });
    expect(kept.memory.peakBytes).toBeLessThanOrEqual(budget);
    expect(Math.abs(lean.memory.peakBytes / kept.memory.peakBytes - 1)).toBeLessThan(0.02);

    await expect(planned(1e6)).rejects.toThrow(
      /^Nothing fits 1.00 MB: the leanest setting \(\w+, 2 parts a step, batch 1\)/,
    );
    expect(memory().numTensors).toBe(tensors);

    // Wherever a trial stops, nothing is left.
    const { startBytes, peakBytes } = chosen.memory;
    for (const share of [0, 0.3, 0.6]) {
      const limit = startBytes + share * (peakBytes - startBytes);
      const stopped = await trials.try(2, { method: { name: 'conventional' }, coefficients, backend, limit });
      expect(stopped.fits).toBe(false);
      expect(memory().numTensors).toBe(tensors);
    }
    detector.dispose();
  });
});

it('in a program', async () => {
  await startBackend('wasm');
  const before = memory().numTensors;
  const { dataset, detector, model } = await make();
  const data = detectionSource(dataset, { size: [48, 64], batch: 2, training: true });
  const events: FinetuneEvent<unknown>[] = [];
  for await (const event of finetune(model, data, { steps: 1, clip: 1, memory: { budget: '1GB' } })) events.push(event);
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  expect(warnings.slice(0, 2).every((text) => text.startsWith('memory trial: '))).toBe(true);
  expect(warnings[2]).toMatch(/^memory budget: conventional, 2 images at a time: .* of 1.00 GB \(measured\)$/);
  // The network is the model's own, whatever the method.
  expect(events.find(({ type }) => type === 'step')).toMatchObject({ method: 'conventional', beta: 1 / 64 });
  expect(() => finetune(model, data, { steps: 1, memory: { budget: 'some' } })).toThrow(/"some" is no size/);
  const { dataset: _, ...unknown } = data;
  expect(() => finetune(model, unknown, { steps: 1, memory: { budget: '1GB' } })).toThrow(/with a detectionSource/);

  const stop = new AbortController();
  const stopped: FinetuneEvent<unknown>[] = [];
  for await (const event of finetune(model, data, { steps: 1, signal: stop.signal, memory: { budget: '1GB' } })) {
    stopped.push(event);
    stop.abort();
  }
  expect(stopped.map(({ type }) => type)).toEqual(['warning', 'end']);
  expect(stopped[1]).toMatchObject({ reason: 'aborted', step: 0 });
  detector.dispose();
  expect(memory().numTensors).toBe(before);
});

it('from the command line, also when the run goes on', async () => {
  const blocks = createSwin(swin, 3);
  await saveBackbone(at('swin'), blocks);
  blocks.dispose();
  const command = (out: string, ...options: string[]) =>
    run(
      ...['finetune', '--task', 'detection', '--model', at('swin'), '--data', at('squares'), '--out', at(out)],
      ...[
        '--batch',
        '2',
        '--backend',
        'wasm',
        '--val-share',
        '0',
        '--size',
        '48x64',
        '--denoising',
        '4',
        '--clip',
        '1',
      ],
      ...['--queries', '8', '--encoder-layers', '1', '--decoder-layers', '1', '--width', '32', '--json', ...options],
    );
  const begun = await command('out', '--budget', '1GB', '--steps', '1');
  expect(begun.code, begun.stderr).toBe(0);
  expect(begun.json).toMatchObject({ method: 'conventional', steps: 1 });
  expect(begun.stderr).toContain('memory budget: measuring what a step takes');
  expect(begun.stderr).toMatch(/memory budget: conventional, 2 images at a time: .* of 1.00 GB \(measured\)/);
  const more = await command('out', '--budget', '1GB', '--steps', '2', '--resume');
  expect(more.code, more.stderr).toBe(0);
  expect(more.stderr).not.toContain('memory trial');
  expect(more.stderr).toContain('memory budget: conventional, as it was measured when the run began');
  expect(more.stderr).not.toContain('--resume: chosen by trials');

  const refused = await command('none', '--budget', '1MB', '--steps', '1', '--method', 'exact');
  expect(refused.stderr).toMatch(/Nothing fits 1.00 MB: the leanest setting \(exact, 2 parts a step, batch 1\) needs/);
  expect([refused.code, existsSync(at('none', 'model'))]).toEqual([2, false]);
});
