/** `gradcheck` of segmenters: what it writes against independent float64 results, new networks, every backend, and what is refused. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import { encodeSafetensors, loadBackbone, segmenterConfig } from '@dr2net/models';
import { expectScaledClose, readReference, sharedPath, testBackends } from '@dr2net/testing';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveTinyModel, temporaryFolder } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('gradcheck-pointcloud');
const at = (...parts: string[]) => join(folder.path, ...parts);
afterAll(() => folder.remove());

const pretrained = ['--method', 'conventional', '--alpha', '1', '--beta', '0'];
const middle = ['--alpha', '0.5', '--beta', '0.6'];

/** Variants of the reference files: their reading of the positions by options. */
const readings: readonly (readonly [variant: string, options: readonly string[]])[] = [
  ['conventional', pretrained],
  ['batchstats', [...pretrained, '--statistics', 'batch']],
  ['dr2net-a0.5-b0.6-skip-last', ['--method', 'reversible', ...middle]],
  ['dr2net-a0.5-b0.6-skip-last', ['--method', 'exact', ...middle]],
  ['dr2net-a0.5-b0.6-branch-last', ['--method', 'reversible', ...middle, '--shift', 'branch']],
  ['dr2net-a0.5-b0.6-authors', ['--method', 'exact', ...middle, '--read', 'mean']],
  ['dr2net-a0.5-b0.6-once-last', ['--method', 'exact', ...middle]],
];

/** Every tensor of the variant, against what was saved. */
async function compare(variant: string, input: string, save: string): Promise<void> {
  const saved = readReference(save);
  const prefix = `${variant}/`;
  const expected = [...readReference(input)].filter(([key]) => key.startsWith(prefix));
  const gradients = expected.filter(([key]) => key.startsWith(`${prefix}grad/`));
  const scale = gradients.reduce(
    (most, [, { data }]) => Array.from(data).reduce((a, b) => Math.max(a, Math.abs(b)), most),
    0,
  );
  for (const [key, value] of gradients) {
    const own = key.slice(prefix.length);
    // The middle third of a qkv bias has a true gradient of 0.
    const tolerance = { rtol: 3e-4, atol: own.endsWith('qkv.bias') ? 1e-6 * scale : 0 };
    await expectScaledClose(saved.get(own)!, value, tolerance, key);
  }
  const states = expected.filter(([key]) => /\/(logits|x_n|x_n_minus_1)$/.test(key));
  for (const [key, value] of states)
    await expectScaledClose(saved.get(key.slice(prefix.length))!, value, { rtol: 2e-5, atol: 0 }, key);
  const loss = expected.filter(([key]) => key === `${prefix}loss`);
  for (const [, value] of loss) await expectScaledClose(saved.get('loss')!, value, { rtol: 0, atol: 1e-5 }, 'loss');
  expect([states.length, loss.length]).toEqual([variant === 'batchstats' ? 1 : 3, 1]);
  expect(gradients.length).toBeGreaterThan(60);
  expect([...saved.keys()].filter((key) => key.startsWith('grad/')).length).toBe(gradients.length);
}

describe.each(['pointvit-p3embed', 'pointvit-patch-knn', 'pointvit-patch-ball'])('%s', (name) => {
  const model = sharedPath(`reference/${name}`);
  const keys = model ? [...readReference(join(model, 'expected.safetensors')).keys()] : [];
  // Without the files all are listed, as skipped: a suite without a test fails.
  const there = readings.filter(([variant]) => !model || keys.some((key) => key.startsWith(`${variant}/`)));
  it.skipIf(!model).each(there)('%s by %j: every tensor of the file', async (variant, options) => {
    const input = join(model!, 'expected.safetensors');
    const save = at(`${name}-${variant}.safetensors`);
    const files = ['--model', model!, '--input', input, '--save', save];
    const { code, json, stderr } = await run('gradcheck', ...files, ...options, '--backend', 'wasm', '--json');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ task: 'pointcloud', passed: true, backend: 'wasm' });
    await compare(variant, input, save);
  });
});

const small = ['--points', '64', '--group-size', '8', '--channels', '2', '--classes', '3'];

describe.each(await testBackends(['wasm', 'node', 'webgpu']))(
  'a new segmenter on $name',
  ({ name, available, start }) => {
    const check = (...options: string[]) =>
      run('gradcheck', '--task', 'pointcloud', '--model', at(name), ...small, '--backend', name, '--json', ...options);
    beforeAll(async () => {
      if (!available) return;
      await start();
      await saveTinyModel(at(name));
    });

    it.skipIf(!available).each([['skip'], ['branch']])('exact and auto anchors, positions %s', async (shift) => {
      const exact = await check('--shift', shift);
      expect(exact.code, exact.stderr).toBe(0);
      expect(exact.json).toMatchObject({
        method: 'exact',
        alpha: 63 / 64,
        beta: 1 / 64,
        identical: true,
        passed: true,
      });
      const options = ['--method', 'reversible', '--alpha', '0.9', '--beta', '0.1'];
      const reversible = await check('--shift', shift, ...options);
      expect(reversible.code, reversible.stderr).toBe(0);
      expect(reversible.json).toMatchObject({ method: 'reversible', passed: true });
      expect(reversible.json.anchors).toBeGreaterThan(0);
      expect(reversible.json.worstAnchorError).toBeGreaterThan(0);
    });
  },
);

describe('the verdict', () => {
  beforeAll(async () => {
    await startBackend('wasm');
    await saveTinyModel(at('model'));
  });
  const check = (...options: string[]) =>
    run('gradcheck', '--model', at('model'), ...small, '--backend', 'wasm', '--json', ...options);
  const points = (...options: string[]) => check('--task', 'pointcloud', ...options);

  it('the plain inverse at (1, 0.001) fails, and the parameter is named', async () => {
    const { code, json, stderr } = await points(
      '--method',
      'reversible',
      '--alpha',
      '1',
      '--beta',
      '0.001',
      '--anchors',
      '0',
    );
    expect(code).toBe(1);
    expect(json).toMatchObject({ passed: false });
    expect(stderr).toMatch(/worst relative gradient error .* in (encoder|decoder)\..*--anchors/);
  });

  it('positions once, by a configuration of one’s own; fixed blocks have no gradient', async () => {
    const backbone = await loadBackbone(at('model'));
    const { model } = segmenterConfig(backbone, { classes: 3, channels: 2, groupSize: 8 });
    backbone.dispose();
    const { encoder_args, ...rest } = model as Record<string, object>;
    const config = { model: { ...rest, encoder_args: { ...encoder_args, add_pos_each_block: false } } };
    writeFileSync(at('once.json'), JSON.stringify(config));
    const options = ['--task', 'pointcloud', '--model', at('model'), '--config', at('once.json'), '--classes', '3'];
    const once = await run('gradcheck', ...options, '--points', '64', '--channels', '2', '--backend', 'wasm', '--json');
    expect(once.code, once.stderr).toBe(0);
    expect(once.json).toMatchObject({ method: 'exact', identical: true });
    const [all, fixed] = [await points(), await points('--blocks', 'fixed')];
    // Two blocks of twelve tensors, and a norm.
    expect((all.json.compared as number) - (fixed.json.compared as number)).toBe(26);
    expect(all.json.compared).toBe(once.json.compared);
  });

  it('holds for many points: rounding that moves a ReLU over 0 in the decoder counts for nothing', async () => {
    const { code, json, stderr } = await points('--points', '8192', '--tolerance', '2e-5');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method: 'exact', identical: true });
  });

  it.each([['running'], ['batch']])('the conventional loss is its own, by %s statistics', async (statistics) => {
    const { code, json, stderr } = await points('--points', '1024', '--statistics', statistics);
    expect(code, stderr).toBe(0);
    const conventional = await points('--points', '1024', '--statistics', statistics, '--method', 'conventional');
    expect(json.lossDifference).toBeLessThan(1e-5 * (json.loss as number));
    const wired = await points('--points', '1024', '--statistics', statistics, '--beta', '0.5', '--alpha', '0.5');
    expect(wired.json.lossDifference).toBeLessThan(1e-5 * (wired.json.loss as number));
    expect(Math.abs((wired.json.loss as number) - (conventional.json.loss as number))).toBeGreaterThan(1e-4);
  });

  it('leaves no tensor behind, whatever goes wrong', async () => {
    await points();
    const before = memory().numTensors;
    await points();
    await points('--points', '16');
    await points('--input', at('model', 'model.safetensors'));
    expect(memory().numTensors).toBe(before);
  });

  it.each<[string, () => Promise<string[]>, RegExp]>([
    [
      'options of clouds without the task',
      async () => [],
      /--group-size belongs to the task pointcloud, but this is video/,
    ],
    ['options of clips', async () => ['--task', 'pointcloud', '--frames', '8'], /--frames belongs to the task video/],
    [
      'too few points',
      async () => ['--task', 'pointcloud', '--points', '24'],
      /24 points leave 6 to stage 2 of the embedding, whose groups take 8; give samples 32 points/,
    ],
    [
      'what a configuration says',
      async () => ['--task', 'pointcloud', '--config', at('once.json')],
      /--group-size is said by the file of --config/,
    ],
    [
      'points of a file',
      async () => ['--task', 'pointcloud', '--input', await file('a', {})],
      /--points is for random input, but --input .* is given/,
    ],
  ])('refuses %s', async (_, options, message) => {
    const { code, stderr } = await check(...(await options()));
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  /** A file of clouds, two of 64 points with two features, but for what is given. */
  async function file(name: string, other: Record<string, [number[], number?]>): Promise<string> {
    const tensors: Record<string, [number[], number?]> = {
      'input.pos': [[2, 64, 3]],
      'input.x': [[2, 2, 64]],
      'input.labels': [[2, 64], 1],
      ...other,
    };
    const chunks = encodeSafetensors(
      Object.entries(tensors).map(([key, [shape, value]]) => ({
        key,
        shape,
        read: () => Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (__, i) => value ?? Math.sin(i)),
      })),
    );
    mkdirSync(at('files'), { recursive: true });
    const bytes: Uint8Array[] = [];
    for await (const chunk of chunks) bytes.push(chunk);
    writeFileSync(at('files', name), Buffer.concat(bytes));
    return at('files', name);
  }

  it.each<[string, Record<string, [number[], number?]>, RegExp]>([
    [
      'features of other points',
      { 'input.x': [[2, 2, 63]] },
      /input\.x is \[2,2,63\], but \[2,2,64\] fits the 2 clouds of 64/,
    ],
    ['labels of other points', { 'input.labels': [[128], 1] }, /input\.labels is \[128\]/],
    [
      'a label that is no class',
      { 'input.labels': [[2, 64], 3] },
      /label 3 of point 0 of cloud 0 is none of the head's 3/,
    ],
    ['positions that are not finite', { 'input.pos': [[2, 64, 3], Number.NaN] }, /not finite|NaN/],
  ])('refuses a file with %s', async (_, other, message) => {
    const path = await file('broken', other);
    const options = ['--task', 'pointcloud', '--model', at('model'), '--group-size', '8', '--classes', '3'];
    const { code, stderr } = await run('gradcheck', ...options, '--input', path, '--backend', 'wasm', '--json');
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
