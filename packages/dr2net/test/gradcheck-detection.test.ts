/** `gradcheck` of detectors: what it writes against independent float64 results, every backend, the verdict, and what is refused. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBackend } from '@dr2net/backends';
import { setLoss } from '@dr2net/detection';
import { createSegmenter, encodeSafetensors, saveSegmenter, segmenterConfig, transformerSpec } from '@dr2net/models';
import { expectScaledClose, type ReferenceTensor, readReference, testBackends } from '@dr2net/testing';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveTinyModel, temporaryFolder, tinyImageModel } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('gradcheck-detection');
const at = (...parts: string[]) => join(folder.path, ...parts);
afterAll(() => folder.remove());

/** A published YOLOS with its outputs in float64 (make.py there): 3 classes, 5 detections, pictures of 16 × 24. */
const published = fileURLToPath(new URL('../../models/test/yolos-reference', import.meta.url));
const expected = readReference(join(published, 'expected.safetensors'));

interface Written {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

async function write(name: string, tensors: Readonly<Record<string, Written>>): Promise<string> {
  const entries = Object.entries(tensors).map(([key, { shape, data }]) => ({ key, shape, read: () => data }));
  const bytes: Uint8Array[] = [];
  for await (const chunk of encodeSafetensors(entries)) bytes.push(Uint8Array.from(chunk));
  mkdirSync(at('files'), { recursive: true });
  writeFileSync(at('files', name), Buffer.concat(bytes));
  return at('files', name);
}

const pixels = (): Written => {
  const { shape, data } = expected.get('input.pixel_values') as ReferenceTensor;
  return { shape, data: Float32Array.from(data) };
};
/** Two objects in the first picture, one in the second. */
const labels: Written = { shape: [2, 2], data: Float32Array.of(0, 2, 1, -1) };
const boxes: Written = {
  shape: [2, 2, 4],
  data: Float32Array.of(0.3, 0.4, 0.2, 0.3, 0.7, 0.5, 0.3, 0.5, 0.5, 0.5, 0.9, 0.8, 0, 0, 0, 0),
};
const whole = () => ({ 'input.pixel_values': pixels(), 'input.labels': labels, 'input.boxes': boxes });

describe('of a published detector, on a file', () => {
  beforeAll(() => startBackend('wasm'));

  it.each([
    ['conventional', ['--method', 'conventional', '--alpha', '1', '--beta', '0']],
    ['dr2net-a0.5-b0.6', ['--method', 'exact', '--alpha', '0.5', '--beta', '0.6']],
    ['dr2net-a0.5-b0.6', ['--method', 'reversible', '--alpha', '0.5', '--beta', '0.6']],
  ])('%s by %j: what it writes', async (variant, options) => {
    const input = await write('objects.safetensors', whole());
    const save = at('saved.safetensors');
    const { code, json, stderr } = await run(
      ...[
        'gradcheck',
        '--model',
        published,
        '--input',
        input,
        '--save',
        save,
        '--backend',
        'wasm',
        '--json',
        ...options,
      ],
    );
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ task: 'detection', passed: true, backend: 'wasm' });
    const saved = readReference(save);
    for (const key of ['logits', 'boxes'])
      await expectScaledClose(saved.get(key)!, expected.get(`${variant}/${key}`)!, { rtol: 2e-5, atol: 0 }, key);
    // A gradient for every tensor that the published network has one of, and for the pixels.
    const prefix = `${variant}/grad/`;
    const there = [...expected.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    const own = [...saved.keys()].filter((key) => key.startsWith('grad/')).map((key) => key.slice(5));
    const parts = own.map((key) => key.replace(/\[\d\]$/, ''));
    expect(new Set(parts)).toEqual(new Set([...there, 'input.pixel_values']));
    // The last biases' gradients are sums of the loss's own gradients.
    const outputs = { batch: 2, queries: 5, logits: saved.get('logits')!.data, boxes: saved.get('boxes')!.data };
    const objects = [
      { labels: [0, 2], boxes: boxes.data.subarray(0, 8) },
      { labels: [1], boxes: boxes.data.subarray(8, 12) },
    ];
    const { total, layers } = setLoss([outputs], objects, { classification: { kind: 'softmax', classes: 3 } });
    expect(saved.get('loss')!.data[0]).toBeCloseTo(total, 5);
    const { logits } = layers[0]!.gradient;
    const sums = Float64Array.from({ length: 4 }, (_, k) =>
      logits.reduce((sum, d, i) => (i % 4 === k ? sum + d : sum), 0),
    );
    const bias = { shape: [4], data: sums };
    const tolerance = { rtol: 1e-5, atol: 0 };
    await expectScaledClose(saved.get('grad/class_labels_classifier.layers.2.bias')!, bias, tolerance, 'bias');
  });

  it.each<[string, Partial<Record<string, Written>>, RegExp]>([
    ['no boxes', { 'input.boxes': undefined }, /has no tensor input\.boxes.*input\.boxes \[B, objects, 4\]/],
    [
      'pictures of another size',
      { 'input.pixel_values': { shape: [1, 3, 8, 8], data: new Float32Array(192) } },
      /input\.pixel_values is \[1,3,8,8\], but \[1,3,16,24\] fits/,
    ],
    [
      'labels of fewer pictures',
      { 'input.labels': { shape: [1, 2], data: new Float32Array(2) } },
      /input\.labels is \[1,2\]/,
    ],
    [
      'a label that is no class',
      { 'input.labels': { ...labels, data: Float32Array.of(0, 3, 1, -1) } },
      /label 3 of picture 0 is none of the detector's 3 classes/,
    ],
    [
      'a box without area',
      { 'input.labels': { ...labels, data: Float32Array.of(0, 2, 1, 1) } },
      /object 1 of picture 1 is 0 wide and 0 high/,
    ],
    [
      'a box that is not finite',
      { 'input.boxes': { ...boxes, data: boxes.data.map((value, i) => (i === 3 ? Number.NaN : value)) } },
      /number 3 of input\.boxes is NaN/,
    ],
    [
      'more objects than detections',
      {
        'input.labels': { shape: [2, 6], data: new Float32Array(12) },
        'input.boxes': { shape: [2, 6, 4], data: new Float32Array(48).fill(0.5) },
      },
      /picture 0 has 6 objects, and the detector finds 5/,
    ],
  ])('refuses a file with %s', async (_, other, message) => {
    const given = Object.entries({ ...whole(), ...other }).filter(([, tensor]) => tensor !== undefined);
    const path = await write('broken.safetensors', Object.fromEntries(given) as Record<string, Written>);
    const { code, stderr } = await run(
      'gradcheck',
      '--model',
      published,
      '--input',
      path,
      '--backend',
      'wasm',
      '--json',
    );
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

const small = ['--size', '32x48', '--detections', '6', '--classes', '3'];

describe.each(await testBackends(['wasm', 'node', 'webgpu']))(
  'a new detector on $name',
  ({ name, available, start }) => {
    const check = (...options: string[]) =>
      run('gradcheck', '--task', 'detection', '--model', at(name), ...small, '--backend', name, '--json', ...options);
    beforeAll(async () => {
      if (!available) return;
      await start();
      await saveTinyModel(at(name));
    });

    it.skipIf(!available)('exact and auto anchors', async () => {
      const exact = await check();
      expect(exact.code, exact.stderr).toBe(0);
      expect(exact.json).toMatchObject({
        method: 'exact',
        alpha: 63 / 64,
        beta: 1 / 64,
        identical: true,
        passed: true,
      });
      const reversible = await check('--method', 'reversible', '--alpha', '0.9', '--beta', '0.1');
      expect(reversible.code, reversible.stderr).toBe(0);
      expect(reversible.json).toMatchObject({ method: 'reversible', passed: true });
      expect(reversible.json.anchors).toBeGreaterThan(0);
    });
  },
);

describe('the verdict', () => {
  beforeAll(async () => {
    await startBackend('wasm');
    await saveTinyModel(at('model'));
  });
  const check = (...options: string[]) =>
    run(
      ...[
        'gradcheck',
        '--task',
        'detection',
        '--model',
        at('model'),
        ...small,
        '--backend',
        'wasm',
        '--json',
        ...options,
      ],
    );

  it('the plain inverse at (1, 0.0001) fails, and the parameter is named', async () => {
    const plain = ['--method', 'reversible', '--alpha', '1', '--beta', '0.0001', '--anchors', '0'];
    const { code, json, stderr } = await check(...plain);
    expect(code).toBe(1);
    expect(json).toMatchObject({ passed: false, error: { name: 'CheckError', exitCode: 1 } });
    expect(stderr).toMatch(/worst relative gradient error .* in (vit|class_labels|bbox).*--anchors/);
  });

  it('frozen gives the two networks gradients only; fixed blocks have none', async () => {
    const frozen = await check('--method', 'frozen');
    expect(frozen.code, frozen.stderr).toBe(0);
    // With the tokens' own boxes.
    expect(frozen.json.compared).toBe(13);
    expect(frozen.json.withoutGradient).toContain('input.pixel_values');
    const [all, fixed] = [await check(), await check('--blocks', 'fixed')];
    // Two blocks of sixteen tensors, and a norm.
    expect((all.json.compared as number) - (fixed.json.compared as number)).toBe(34);
  });

  it('its loss is the conventional one', async () => {
    const { json } = await check('--alpha', '0.5', '--beta', '0.5');
    expect(json.lossDifference).toBeLessThan(1e-5 * (json.loss as number));
    const conventional = await check('--method', 'conventional');
    expect(Math.abs((json.loss as number) - (conventional.json.loss as number))).toBeGreaterThan(1e-4);
  });

  it('leaves no tensor behind, whatever goes wrong', async () => {
    await check();
    const before = memory().numTensors;
    await check();
    await check('--input', at('model', 'model.safetensors'));
    await check('--size', '30x48');
    expect(memory().numTensors).toBe(before);
  });

  it('refuses what does not fit the task or the model', async () => {
    const spec = transformerSpec(tinyImageModel);
    const segmenter = createSegmenter(segmenterConfig({ spec }, { classes: 2, channels: 1, groupSize: 8 }), 1);
    await saveSegmenter(at('segmenter'), segmenter);
    segmenter.dispose();
    expect(existsSync(at('segmenter', 'config.json'))).toBe(true);
    const gradcheck = (...options: string[]) => run('gradcheck', '--backend', 'wasm', ...options);
    for (const [args, message] of [
      [
        ['--task', 'detection', '--model', at('segmenter')],
        /is a saved segmenter of point clouds. Give --task pointcloud/,
      ],
      [['--task', 'video', '--model', published], /is a saved detector. Give --task detection, or leave it out/],
      [['--model', published, '--detections', '4'], /--detections is for a new network/],
      [['--model', published, '--blocks', 'random'], /--blocks random is for a new network/],
      [['--model', published, '--frames', '4'], /--frames belongs to the task video/],
      [['--model', published, '--size', '20x24'], /size 20×24 does not fit/],
      [['--model', at('model'), '--detections', '4'], /--detections belongs to the task detection, but this is video/],
    ] as const) {
      const { code, stderr } = await gradcheck(...args);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
  });
});
