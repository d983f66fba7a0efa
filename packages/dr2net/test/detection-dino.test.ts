/** A DINO around a Swin, from the command line: finetune, look at the folder, evaluate, predict, info, resume, go on from it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { startBackend } from '@dr2net/backends';
import { createSwin, saveBackbone } from '@dr2net/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../src/report.ts';
import { saveTinyModel, temporaryFolder } from './fixtures.ts';
import { run } from './run.ts';
import { detectionFolder } from './squares.ts';

const folder = temporaryFolder('detection-dino');
const { at, writeSquares } = detectionFolder(folder.path);
const tinySwin = {
  model_type: 'swin',
  embed_dim: 8,
  depths: [2, 2, 2],
  num_heads: [1, 2, 4],
  window_size: 4,
  patch_size: 4,
  image_size: 32,
};
const small = ['--queries', '8', '--encoder-layers', '1', '--decoder-layers', '2', '--width', '32'];
const finetune = (model: string, out: string, ...options: string[]) =>
  run(
    ...['finetune', '--task', 'detection', '--model', at(model), '--data', at('squares'), '--out', at(out)],
    ...['--batch', '2', '--backend', 'wasm', '--lr', '2e-3', '--layer-decay', '1', '--json', ...options],
  );
const fresh = (out: string, ...options: string[]) =>
  finetune('swin', out, '--size', '48x64', '--denoising', '10', ...small, ...options);

beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(at('vit'));
  const swin = createSwin(tinySwin, 3);
  await saveBackbone(at('swin'), swin);
  swin.dispose();
  mkdirSync(at('bare'));
  writeFileSync(at('bare', 'config.json'), JSON.stringify(tinySwin));
  await writeSquares('squares');
});
afterAll(() => folder.remove());

describe('finetune', () => {
  it('learns around a Swin, and leaves a model that evaluate, predict and info know', async () => {
    const { code, json, stderr } = await fresh('first', '--epochs', '4');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method: 'exact', epochs: 4, steps: 8 });
    const log = parseMetrics(readFileSync(at('first', 'metrics.jsonl'), 'utf8'));
    expect(log.steps.at(-1)!.loss).toBeLessThan(log.steps[0]!.loss);
    expect(readFileSync(at('first', 'report.html'), 'utf8')).toContain('sum over layers; validation: the last');
    expect(JSON.parse(readFileSync(at('first', 'model', 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'deformable_detr',
      finetuning_task: 'detection',
      image_size: [48, 64],
      two_stage_num_proposals: 8,
      encoder_layers: 1,
      decoder_layers: 2,
      d_model: 32,
      id2label: { 0: 'dark', 1: 'light' },
    });

    const model = ['--model', at('first', 'model'), '--backend', 'wasm'];
    const evaluated = await run('evaluate', ...model, '--data', at('squares'), '--json', '--batch', '1');
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const { stats, loss } = log.evaluation!;
    const found = evaluated.json as unknown as Required<NonNullable<typeof log.evaluation>>;
    for (const [name, value] of Object.entries(stats!)) {
      const here = found.stats[name as keyof typeof found.stats];
      if (value === null) expect([name, here]).toEqual([name, null]);
      else expect(here, name).toBeCloseTo(value as number, 6);
    }
    expect(Math.abs(found.loss / loss - 1)).toBeLessThan(1e-4);

    const images = at('squares', 'JPEGImages');
    const predicted = await run('predict', ...model, images, '--threshold', '0', '--out', at('found.json'), '--json');
    expect(predicted.code, predicted.stderr).toBe(0);
    expect(JSON.parse(readFileSync(at('found.json'), 'utf8')).annotations).toHaveLength(6 * 8);

    const { stdout, code: told } = await run('info', at('first', 'model'));
    expect(told).toBe(0);
    for (const text of [
      'deformable_detr',
      '48×64 pixels',
      'swin, stages of 2, 2, 2',
      '8 find an object',
      'dark, light',
    ])
      expect(stdout).toContain(text);
  });

  it.each(['conventional', 'checkpoint', 'frozen', 'reversible'])('runs by %s', async (method) => {
    const { code, json, stderr } = await fresh(`by-${method}`, '--method', method, '--steps', '1', '--val-share', '0');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method, steps: 1 });
  });

  it.each([
    ['--update', 'sink'],
    ['--accumulate', '2'],
    ['--ema', '0.9'],
  ])('trains with %s %s', async (...options) => {
    const { code, stderr } = await fresh(`with${options.join('')}`, ...options, '--steps', '1', '--val-share', '0');
    expect(code, stderr).toBe(0);
  });

  it('goes on with --resume as if never stopped', async () => {
    const options = ['--lr-schedule', 'constant', '--warmup', '0'];
    const whole = await fresh('whole', ...options, '--steps', '4', '--checkpoint-every', '2');
    expect(whole.code, whole.stderr).toBe(0);
    const half = await fresh('half', ...options, '--steps', '2');
    expect(half.code, half.stderr).toBe(0);
    const rest = await fresh('half', ...options, '--steps', '4', '--resume');
    expect(rest.code, rest.stderr).toBe(0);
    const bytes = (name: string) => readFileSync(at(name, 'model', 'model.safetensors'));
    expect(bytes('half').equals(bytes('whole'))).toBe(true);
  });

  it('goes on from a saved one at its size or another, or with a new classifier, which it says', async () => {
    const again = (out: string, ...options: string[]) => finetune('first/model', out, '--steps', '1', ...options);
    const own = await again('own');
    expect(own.code, own.stderr).toBe(0);
    expect(own.stderr).not.toContain('new classifier');
    expect(JSON.parse(readFileSync(at('own', 'model', 'config.json'), 'utf8')).image_size).toEqual([48, 64]);
    const preprocessor = JSON.parse(readFileSync(at('own', 'model', 'preprocessor_config.json'), 'utf8'));
    expect(preprocessor.size).toEqual({ height: 48, width: 64 });
    const larger = await again('larger', '--size', '64x64', '--denoising', '0');
    expect(larger.code, larger.stderr).toBe(0);
    expect(JSON.parse(readFileSync(at('larger', 'model', 'config.json'), 'utf8')).image_size).toEqual([64, 64]);
    const one = await again('one', '--classes', 'light', '--exclude', 'dark');
    expect(one.code, one.stderr).toBe(0);
    expect(one.stderr).toContain('a new classifier for light');
    const kept = await again('kept', '--classes', 'light', '--exclude', 'dark', '--head', 'checkpoint');
    expect([kept.code, kept.stderr]).toEqual([2, expect.stringContaining('knows the classes dark, light')]);
  });

  it('--blocks random needs a configuration alone; fixed leaves the backbone as it is', async () => {
    const bare = await finetune('bare', 'random', '--size', '48x64', ...small, '--blocks', 'random', '--steps', '1');
    expect(bare.code, bare.stderr).toBe(0);
    const without = await finetune('bare', 'none', '--size', '48x64', ...small, '--steps', '1');
    expect([without.code, without.stderr]).toEqual([2, expect.stringMatching(/model\.safetensors/)]);
    const fixed = await fresh('fixed', '--blocks', 'fixed', '--steps', '1');
    expect(fixed.code, fixed.stderr).toBe(0);
  });
});

describe('refusals', () => {
  it.each([
    ['swin', ['--detections', '9'], /--detections belongs to a YOLOS, but .* is a Swin\. Leave it out/],
    ['swin', ['--depth', '1'], /--depth belongs to a YOLOS, but .* is a Swin/],
    ['swin', ['--empty-weight', '1'], /--empty-weight belongs to a YOLOS/],
    ['swin', ['--size', '50x64'], /--size 50×64 does not fit: its height must be a multiple of the patch size 4/],
    ['swin', ['--width', '40'], /d_model is 40; it must be a multiple of 32/],
    ['swin', ['--head', 'checkpoint'], /is no detector/],
    ['vit', ['--queries', '9'], /--queries belongs to a DINO, around a Swin, but .* is no Swin/],
    ['vit', ['--denoising', '0'], /--denoising belongs to a DINO/],
    ['first/model', ['--decoder-layers', '3'], /--decoder-layers is for a new network, but .* is a saved detector/],
    ['first/model', ['--blocks', 'random'], /--blocks random is for a new network/],
    ['swin', ['--queries', '1'], /has 2 objects, and the detector finds 1.*with --queries 2 or more/],
  ])('%s %j', async (model, options, message) => {
    const { code, stderr } = await finetune(
      model,
      `refused-${model}-${options.join('')}`.replaceAll(/[^\w-]/g, ''),
      ...['--steps', '1', ...options],
    );
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('plans', async () => {
    for (const [model, what] of [
      [at('first', 'model'), /is a Deformable DETR or DINO/],
      [at('swin'), /is a Swin, around which a DINO is made/],
    ] as const) {
      const plan = await run('plan', model, '--task', 'detection');
      expect(plan.stderr).toMatch(what);
      expect([plan.code, plan.stderr]).toEqual([
        2,
        expect.stringContaining('finetune --budget measures it before the first step'),
      ]);
    }
  });
});
