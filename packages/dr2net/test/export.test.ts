/** `dr2net export`: files that onnxruntime runs, and what is refused. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackbone, createDino, createSwin, dinoConfig, newHead, saveBackbone, saveDino } from '@dr2net/models';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeChecked } from '../src/export/target.ts';
import { saveTinyModel, temporaryFolder, tinyImageModel } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('export');
const model = join(folder.path, 'model');
const file = (name: string) => join(folder.path, name);
const onnx = (out: string, ...more: string[]) =>
  run('export', '--model', model, '--format', 'onnx', '--out', out, '--backend', 'cpu', ...more);

beforeAll(async () => {
  await setBackend('cpu');
  await ready();
  const backbone = createBackbone(
    { model_type: 'dr2net-inflated-vit', num_frames: 4, tubelet_size: 2, image_model: tinyImageModel },
    7,
  );
  const head = newHead(backbone, { classes: 2, seed: 1 });
  const training = {
    coefficients: { alpha: 0.4, beta: 0.7 },
    method: { name: 'reversible', anchors: 1 },
    read: 'last',
  } as const;
  await saveBackbone(model, backbone, { head, labels: ['left', 'right'], training });
  head.dispose();
  backbone.dispose();
});
afterAll(() => folder.remove());

describe('a finetuned recognizer', () => {
  it('becomes a file that says what it is and gives the same logits', async () => {
    const out = file('clips.onnx');
    const { code, json } = await onnx(out, '--json');
    expect(code).toBe(0);
    expect((json.difference as { relative: number }).relative).toBeLessThan(1e-5);
    expect(json.metadata).toMatchObject({
      'dr2net.alpha': '0.4',
      'dr2net.beta': '0.7',
      'dr2net.classes': '["left","right"]',
    });
    expect(json.bytes).toBe(readFileSync(out).length);
    const session = await InferenceSession.create(out);
    expect(session.inputMetadata).toMatchObject([{ name: 'pixels', shape: ['batch', 4, 32, 32, 3] }]);
  });

  it('may be a Swin, whose weights have their published names and no program', async () => {
    const config = { model_type: 'swin', embed_dim: 4, depths: [2, 1], num_heads: [1, 2], window_size: 2 };
    const backbone = createSwin({ ...config, image_size: 16 }, 1);
    const head = newHead(backbone, { classes: 2, seed: 1 });
    const training = { coefficients: { alpha: 0.5, beta: 0.5 }, method: { name: 'reversible' }, read: 'last' } as const;
    await saveBackbone(file('swin'), backbone, { head, labels: ['a', 'b'], training });
    head.dispose();
    backbone.dispose();
    const of = (format: string, out: string) =>
      run('export', '--model', file('swin'), '--format', format, '--out', file(out), '--backend', 'cpu', '--json');
    const { code, json } = await of('onnx', 'swin.onnx');
    expect(code).toBe(0);
    expect((json.difference as { relative: number }).relative).toBeLessThan(1e-5);
    expect(json.metadata).toMatchObject({ 'dr2net.architecture': 'swin', 'dr2net.beta': '0.5' });
    expect((await of('safetensors', 'swin-weights')).stderr).toContain('no program in PyTorch for swin');
  });

  it('is for so many samples at a time, where that is asked for', async () => {
    const out = file('two.onnx');
    const { code, stdout } = await onnx(out, '--batch', '2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/α = 0.4, β = 0.7; .* largest difference/);
    const session = await InferenceSession.create(out);
    expect(session.inputMetadata).toMatchObject([{ shape: [2, 4, 32, 32, 3] }]);
  });
});

describe('bad input', () => {
  const refused = async (told: string, out: string, ...more: string[]) => {
    const { code, stderr } = await onnx(out, ...more);
    expect(stderr).toContain(told);
    expect(code).toBe(2);
  };

  it('is refused with its value and the remedy', async () => {
    await refused('does not end in .onnx', file('model.bin'));
    await refused('Give a whole number, 1 or more', file('n.onnx'), '--batch', '0');
    await refused('is no segmenter of point clouds. Leave it out', file('n.onnx'), '--points', '64');
    mkdirSync(file('folder.onnx'));
    await refused('is a folder', file('folder.onnx'));
    const { code, stderr } = await run('export', '--model', model, '--format', 'onx', '--out', file('n.onnx'));
    expect(stderr).toContain('Did you mean "onnx"?');
    expect(code).toBe(2);
  });

  it('a file that is there is kept', async () => {
    writeFileSync(file('there.onnx'), 'mine');
    await refused('Give --force to write over it', file('there.onnx'));
    expect(readFileSync(file('there.onnx'), 'utf8')).toBe('mine');
    const { code } = await onnx(file('there.onnx'), '--force', '--no-verify');
    expect(code).toBe(0);
    expect(readFileSync(file('there.onnx')).length).toBeGreaterThan(1000);
  });

  it('a folder without a model, a model without a head, and a DINO are refused', async () => {
    const of = (source: string) =>
      run('export', '--model', source, '--format', 'onnx', '--out', file('n.onnx'), '--backend', 'cpu');
    mkdirSync(file('empty'));
    expect((await of(file('empty'))).stderr).toContain('config.json');
    expect((await of(await saveTinyModel(file('bare')))).stderr).toContain('no classification head');
    const blocks = createSwin(
      { model_type: 'swin', embed_dim: 4, depths: [1, 1], num_heads: [1, 1], window_size: 2, image_size: 16 },
      1,
      { features: [0, 1] },
    );
    const detector = await createDino(
      dinoConfig({ classes: ['a'], backbone: blocks, queries: 4, width: 32, encoderLayers: 1, decoderLayers: 1 }),
      1,
      { blocks },
    );
    await saveDino(file('dino'), detector);
    expect((await of(file('dino'))).stderr).toContain('Deformable DETR or DINO');
    detector.dispose();
    blocks.dispose();
    expect(readdirSync(folder.path)).not.toContain('n.onnx');
  });
});

describe('a file that fails its check', () => {
  it('leaves nothing, and what was there before', async () => {
    const inner = file('inner');
    mkdirSync(inner);
    const out = join(inner, 'model.onnx');
    writeFileSync(out, 'before');
    async function* chunks() {
      yield new Uint8Array(10);
    }
    const failing = writeChecked(out, chunks(), async () => {
      throw new Error('differs');
    });
    await expect(failing).rejects.toThrow('differs');
    expect(readdirSync(inner)).toEqual(['model.onnx']);
    expect(readFileSync(out, 'utf8')).toBe('before');
  });
});

describe('weights', () => {
  const weights = (out: string, ...more: string[]) =>
    run('export', '--model', model, '--format', 'safetensors', '--out', out, '--backend', 'cpu', ...more);

  it('are a model folder of ours too, with a card', async () => {
    const out = file('weights');
    const { code, json } = await weights(out, '--json');
    expect(code).toBe(0);
    expect(json.metadata).toMatchObject({ 'dr2net.beta': '0.7' });
    expect(readdirSync(out).sort()).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
    for (const name of ['config.json', 'model.safetensors'])
      expect(readFileSync(join(out, name)).equals(readFileSync(join(model, name))), name).toBe(true);
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('ALPHA, BETA = 0.4, 0.7');
    expect((await weights(out)).stderr).toContain('Give --force to write over its files');
    expect((await weights(out, '--force')).code).toBe(0);
  });

  it('are refused where they cannot go, and with options of the other format', async () => {
    expect((await weights(model)).stderr).toContain('is the model itself');
    expect((await weights(file('clips.onnx'))).stderr).toContain('is a file; weights are a folder');
    expect((await weights(file('w'), '--batch', '2')).stderr).toContain('--batch is for --format onnx');
    const { code, stderr } = await weights(file('w'), '--no-verify');
    expect(stderr).toContain('--no-verify is for --format onnx');
    expect(code).toBe(2);
  });
});
