/** `gradcheck` of Deformable DETR and DINO: every backend, the verdict, files against independent float64 results and slopes, refusals. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBackend } from '@dr2net/backends';
import { setLoss } from '@dr2net/detection';
import { encodeSafetensors } from '@dr2net/models';
import { expectScaledClose, type ReferenceTensor, readReference, testBackends } from '@dr2net/testing';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('gradcheck-dino');
const at = (...parts: string[]) => join(folder.path, ...parts);
afterAll(() => folder.remove());

/** Published detectors with outputs in float64 (make.py there): 3 classes, 5 queries, pictures of 24 × 32. */
const published = fileURLToPath(new URL('../../models/test/dino-reference', import.meta.url));
const expected = readReference(join(published, 'expected.safetensors'));

interface Written {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

async function write(path: string, tensors: Readonly<Record<string, Written>>): Promise<string> {
  const entries = Object.entries(tensors).map(([key, { shape, data }]) => ({ key, shape, read: () => data }));
  const bytes: Uint8Array[] = [];
  for await (const chunk of encodeSafetensors(entries)) bytes.push(Uint8Array.from(chunk));
  writeFileSync(path, Buffer.concat(bytes));
  return path;
}

const float32 = ({ shape, data }: ReferenceTensor): Written => ({ shape, data: Float32Array.from(data) });
/** Two objects in the first picture, one in the second. */
const objects = {
  'input.labels': { shape: [2, 2], data: Float32Array.of(0, 2, 1, -1) },
  'input.boxes': {
    shape: [2, 2, 4],
    data: Float32Array.of(0.3, 0.4, 0.2, 0.3, 0.7, 0.5, 0.3, 0.5, 0.5, 0.5, 0.9, 0.8, 0, 0, 0, 0),
  },
};
const whole = (): Record<string, Written> => ({
  'input.pixel_values': float32(expected.get('pixel_values')!),
  ...objects,
});

const swin = {
  ...{ model_type: 'swin', embed_dim: 8, depths: [1, 1, 2], num_heads: [1, 2, 2] },
  ...{ window_size: 4, patch_size: 4, image_size: 32 },
};
const small = [
  ...['--size', '32x48', '--queries', '6', '--classes', '3', '--denoising', '10', '--batch', '1'],
  ...['--encoder-layers', '1', '--decoder-layers', '2', '--width', '32', '--blocks', 'random'],
];
const fresh = (backend: string, ...options: string[]) =>
  run('gradcheck', '--task', 'detection', '--model', at('swin'), ...small, '--backend', backend, '--json', ...options);
const saved = (model: string, ...options: string[]) =>
  run('gradcheck', '--model', at(model), '--backend', 'wasm', '--json', ...options);

beforeAll(() => {
  mkdirSync(at('swin'));
  writeFileSync(at('swin', 'config.json'), JSON.stringify(swin));
  for (const config of ['plain', 'dino']) {
    mkdirSync(at(config));
    copyFileSync(join(published, `${config}.json`), at(config, 'config.json'));
    copyFileSync(join(published, 'model.safetensors'), at(config, 'model.safetensors'));
  }
});

describe.each(await testBackends(['wasm', 'node', 'webgpu']))(
  'a new detector on $name',
  ({ name, available, start }) => {
    beforeAll(async () => {
      if (available) await start();
    });

    it.skipIf(!available).each([
      ['exact', [], { alpha: 63 / 64, beta: 1 / 64, identical: true }],
      ['reversible', ['--alpha', '0.9', '--beta', '0.1'], { alpha: 0.9, beta: 0.1 }],
      ['checkpoint', ['--alpha', '0.5', '--beta', '0.5'], {}],
    ] as const)('%s', async (method, options, found) => {
      const { code, json, stderr } = await fresh(name, '--method', method, ...options);
      expect(code, stderr).toBe(0);
      expect(json).toMatchObject({ task: 'detection', method, backend: name, passed: true, ...found });
      // Every tensor but those of one run at least: stages, encoder, and both layers of the decoder.
      expect(json.compared).toBeGreaterThan(150);
      expect(json.withoutGradient).toEqual([]);
      if (method === 'reversible') expect(json.anchors).toBeGreaterThan(0);
      const { stateDifference, worst } = json as { stateDifference: number; worst: { error: number } };
      expect(stateDifference).toBeLessThan(1e-5);
      // What is not smooth falls out alike, so that little more than the rebuilt states' error is left.
      expect(worst.error).toBeLessThan(1e-5);
    });
  },
);

describe('the verdict', () => {
  beforeAll(() => startBackend('wasm'));

  it('the plain inverse at (1, 0.0001) fails, and the parameter is named', async () => {
    const plain = ['--method', 'reversible', '--alpha', '1', '--beta', '0.0001', '--anchors', '0'];
    const { code, json, stderr } = await fresh('wasm', ...plain);
    expect(code).toBe(1);
    expect(json).toMatchObject({ passed: false, error: { name: 'CheckError', exitCode: 1 } });
    expect(stderr).toMatch(/worst relative gradient error .* in model\..*--anchors/);
  });

  it('frozen gives no gradient to the Swin, nor do fixed blocks; noised objects have theirs', async () => {
    const [all, frozen, fixed, without] = [
      await fresh('wasm'),
      await fresh('wasm', '--method', 'frozen'),
      await saved('dino', '--size', '24x32', '--blocks', 'fixed'),
      await fresh('wasm', '--denoising', '0'),
    ];
    expect([frozen.code, fixed.code, without.code], frozen.stderr + fixed.stderr + without.stderr).toEqual([0, 0, 0]);
    expect(frozen.json.withoutGradient).toContain('input.pixel_values');
    expect((frozen.json.compared as number) + (frozen.json.withoutGradient as string[]).length).toBe(all.json.compared);
    const keys = ({ json }: typeof all) =>
      (json.parameters as { parameter: string }[]).map(({ parameter }) => parameter);
    const isBackbone = (key: string) => key.includes('.backbone.') && !key.includes('hidden_states_norms');
    expect(keys(all).filter(isBackbone).length).toBeGreaterThan(60);
    expect(keys(frozen).filter((key) => key.includes('.backbone.'))).toEqual([]);
    expect(keys(fixed).filter(isBackbone)).toEqual([]);
    const more = keys(all).filter((key) => !keys(without).includes(key));
    expect(more).toHaveLength(1);
    expect(more[0]).toMatch(/label_enc/);
  });

  it('leaves no tensor behind, whatever goes wrong', async () => {
    await fresh('wasm');
    const before = memory().numTensors;
    await fresh('wasm');
    await saved('dino', '--input', at('dino', 'model.safetensors'));
    await fresh('wasm', '--size', '30x48');
    await fresh('wasm', '--queries', '5000');
    const broken = await write(at('not-finite.safetensors'), {
      ...whole(),
      'input.pixel_values': { shape: [2, 3, 24, 32], data: new Float32Array(4608).fill(3e38) },
    });
    for (const method of ['conventional', 'exact', 'reversible'])
      expect((await saved('dino', '--input', broken, '--method', method)).code).not.toBe(0);
    expect(memory().numTensors).toBe(before);
  });
});

describe('of a published detector, on a file', () => {
  let input: string;
  beforeAll(async () => {
    await startBackend('wasm');
    input = await write(at('objects.safetensors'), whole());
  });

  it('what it writes is what float64 gives', async () => {
    const save = at('saved.safetensors');
    const { code, stderr } = await saved('plain', '--method', 'checkpoint', '--input', input, '--save', save);
    expect(code, stderr).toBe(0);
    const written = readReference(save);
    for (const key of ['logits', 'boxes'])
      await expectScaledClose(written.get(key)!, expected.get(`plain/layer1/${key}`)!, { rtol: 2e-5, atol: 0 }, key);
    const prefix = 'plain/grad/';
    const there = [...expected.keys()].flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
    const own = [...written.keys()].flatMap((key) => (key.startsWith('grad/') ? [key.slice(5)] : []));
    expect(own.sort()).toEqual([...there, 'input.pixel_values'].sort());
    // Several runs, each with states of its own.
    expect([...written.keys()].filter((key) => key.startsWith('x_n'))).toEqual([]);
    // Loss, and class biases of both layers, by the outputs in float64.
    const layers = [0, 1].map((layer) => {
      const [logits, boxes] = ['logits', 'boxes'].map((kind) => expected.get(`plain/layer${layer}/${kind}`)!.data);
      return { batch: 2, queries: 5, logits: logits!, boxes: boxes! };
    });
    const targets = [
      { labels: [0, 2], boxes: objects['input.boxes'].data.subarray(0, 8) },
      { labels: [1], boxes: objects['input.boxes'].data.subarray(8, 12) },
    ];
    const loss = setLoss(layers, targets, {
      classification: { kind: 'focal', classes: 3 },
      weights: { class: 2, l1: 5, giou: 2 },
    });
    expect(Math.abs(written.get('loss')!.data[0]! / loss.total - 1)).toBeLessThan(1e-5);
    const data = new Float64Array(3);
    for (const { gradient } of loss.layers) for (const [i, d] of gradient.logits.entries()) data[i % 3]! += d;
    const bias = { shape: [3], data };
    await expectScaledClose(written.get('grad/class_embed.0.bias')!, bias, { rtol: 2e-5, atol: 0 }, 'bias');
  });

  it('its gradients are the slope of its loss, by exact at (0.5, 0.5)', async () => {
    // Without proposals and refinement nothing is detached, so that the gradient is the whole one.
    const options = ['--input', input, '--alpha', '0.5', '--beta', '0.5'];
    const save = at('slope.safetensors');
    const { code, json, stderr } = await saved('plain', ...options, '--save', save);
    expect(code, stderr).toBe(0);
    const gradients = readReference(save);
    const weights = readReference(at('plain', 'model.safetensors'));
    let squares = 0;
    for (const [key, { data }] of gradients)
      if (weights.has(key.slice(5))) for (const value of Array.from(data)) squares += value ** 2;
    const step = 0.02 / squares;
    const lossAt = async (name: string, way: number) => {
      mkdirSync(at(name));
      copyFileSync(at('plain', 'config.json'), at(name, 'config.json'));
      const moved = [...weights].map(([key, value]) => {
        const gradient = gradients.get(`grad/${key}`)?.data;
        const data = Float32Array.from(value.data, (weight, i) => weight + way * step * (gradient?.[i] ?? 0));
        return [key, { shape: value.shape, data }] as const;
      });
      await write(at(name, 'model.safetensors'), Object.fromEntries(moved));
      return (await saved(name, ...options, '--method', 'conventional')).json.loss as number;
    };
    const [ahead, behind] = [await lossAt('ahead', 1), await lossAt('behind', -1)];
    expect(behind).toBeLessThan(json.loss as number);
    expect(Math.abs((ahead - behind) / (2 * step * squares) - 1)).toBeLessThan(0.02);
  });

  it('exact, with denoising, shared heads and proposals', async () => {
    const { code, json, stderr } = await saved('dino', '--input', input, '--alpha', '0.5', '--beta', '0.5');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ passed: true, identical: true, withoutGradient: [] });
    expect((json.worst as { error: number }).error).toBeLessThan(1e-5);
  });

  it('takes pictures of other sizes, and of the size alone that was asked for', async () => {
    const other = await write(at('other.safetensors'), {
      ...whole(),
      'input.pixel_values': { shape: [2, 3, 32, 40], data: new Float32Array(7680).map((_, i) => Math.sin(i)) },
    });
    expect((await saved('dino', '--input', other)).code).toBe(0);
    const { code, stderr } = await saved('dino', '--input', other, '--size', '24x32');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('input.pixel_values is [2,3,32,40], but [2,3,24,32] fits'),
    ]);
  });

  it.each<[string, Record<string, Written | undefined>, RegExp]>([
    ['no labels', { 'input.labels': undefined }, /has no tensor input\.labels/],
    [
      'pictures that are no multiple of the patch',
      { 'input.pixel_values': { shape: [2, 3, 24, 30], data: new Float32Array(4320) } },
      /size 24×30 does not fit: its width must be a multiple of the patch size 4/,
    ],
    [
      'a label that is no class',
      { 'input.labels': { shape: [2, 2], data: Float32Array.of(0, 3, 1, -1) } },
      /label 3 of picture 0 is none of the detector's 3 classes/,
    ],
    [
      'more objects than queries',
      {
        'input.labels': { shape: [2, 6], data: new Float32Array(12) },
        'input.boxes': { shape: [2, 6, 4], data: new Float32Array(48).fill(0.5) },
      },
      /picture 0 has 6 objects, and the detector finds 5/,
    ],
  ])('refuses a file with %s', async (_, other, message) => {
    const given = Object.entries({ ...whole(), ...other }).filter(([, tensor]) => tensor !== undefined);
    const path = await write(at('broken.safetensors'), Object.fromEntries(given) as Record<string, Written>);
    const { code, stderr } = await saved('dino', '--input', path);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it.each([
    ['dino', ['--queries', '4'], /--queries is for a new network/],
    ['dino', ['--depth', '1'], /--depth belongs to a YOLOS, but .* is a Deformable DETR or DINO/],
    ['dino', ['--blocks', 'random'], /--blocks random is for a new network/],
    ['plain', ['--denoising', '4'], /denoising is not an option of a detector without denoising queries/],
    ['swin', ['--task', 'detection', '--detections', '4'], /--detections belongs to a YOLOS, but .* is a Swin/],
  ])('refuses %s %j', async (model, options, message) => {
    const { code, stderr } = await saved(model, ...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
