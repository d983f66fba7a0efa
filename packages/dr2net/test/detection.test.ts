/** The path of a user with images and boxes: finetune, look at the folder, evaluate, predict, resume. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { startBackend } from '@dr2net/backends';
import { readDetections } from '@dr2net/detection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../src/report.ts';
import { saveTinyModel, temporaryFolder } from './fixtures.ts';
import { run } from './run.ts';
import { detectionFolder, height, width } from './squares.ts';

const folder = temporaryFolder('detection');
const { at, put, writeSquares, finetune: finetuneOn } = detectionFolder(folder.path);
const finetune = (out: string, ...options: string[]) => finetuneOn('squares', out, ...options);

beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(at('model'));
  await writeSquares('squares');
});
afterAll(() => folder.remove());

describe('finetune', () => {
  it('learns, and leaves a model, a checkpoint, metrics, a report and a contact sheet', async () => {
    const { code, json, stderr } = await finetune('first', '--epochs', '6');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method: 'exact', alpha: 63 / 64, beta: 1 / 64, epochs: 6, steps: 12 });
    expect(stderr).toContain('4 images with 8 boxes of 2 classes (dark, light) to train on, 2 with 4 to validate on');
    expect(readdirSync(at('first')).sort()).toEqual([
      'checkpoint',
      'contact-sheet.svg',
      'metrics.jsonl',
      'model',
      'report.html',
    ]);
    const log = parseMetrics(readFileSync(at('first', 'metrics.jsonl'), 'utf8'));
    expect(log.steps.at(-1)!.loss).toBeLessThan(log.steps[0]!.loss);
    expect(log.steps.every(({ activationBytes }) => activationBytes! > 0)).toBe(true);
    const { stats, categories, ...evaluation } = log.evaluation!;
    expect(Object.keys(stats!)).toHaveLength(12);
    expect(categories!.map(({ name, truths }) => [name, truths])).toEqual([
      ['dark', 2],
      ['light', 2],
    ]);
    expect(evaluation).toMatchObject({ classes: ['dark', 'light'], samples: 2, ap: stats!.AP, ap50: stats!.AP50 });
    expect(log.epochs.at(-1)!.validation).toMatchObject({ ap: stats!.AP, ap50: stats!.AP50 });
    expect(log.epochs.at(-1)!.validation).not.toHaveProperty('categories');
    const report = readFileSync(at('first', 'report.html'), 'utf8');
    for (const text of [
      'set loss',
      'COCO AP',
      'Average precision',
      'AP small',
      'AP75',
      'Precision and recall',
      'e.jpg',
    ])
      expect(report).toContain(text);
    expect(report.match(/data:image\/jpeg;base64,/g)).toHaveLength(4);
    expect(report).not.toMatch(/(src|href)="https?:/);
    const sheet = readFileSync(at('first', 'contact-sheet.svg'), 'utf8');
    expect(sheet.match(/<rect /g)!.length).toBeGreaterThanOrEqual(4);
    expect(JSON.parse(readFileSync(at('first', 'model', 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'yolos',
      finetuning_task: 'detection',
      image_size: [48, 64],
      num_detection_tokens: 6,
      id2label: { 0: 'dark', 1: 'light' },
    });
  });

  it.each([
    [0.6, []],
    [1, ['--blocks', 'random']],
    [0.9, ['--layer-decay', '0.9', '--blocks', 'random']],
  ])('trains with a layer decay of %d given %j', async (rate, options) => {
    const out = `decay-${rate}`;
    const { code, stderr } = await run(
      ...['finetune', '--task', 'detection', '--model', at('model'), '--data', at('squares'), '--out', at(out)],
      ...['--size', '48x64', '--detections', '6', '--batch', '2', '--steps', '1', '--backend', 'wasm', ...options],
    );
    expect(code, stderr).toBe(0);
    const { settings } = parseMetrics(readFileSync(at(out, 'metrics.jsonl'), 'utf8'));
    expect(settings['layer decay']).toBe(rate);
  });

  it('is evaluated with the same figures', async () => {
    const evaluate = (...options: string[]) =>
      run('evaluate', '--model', at('first', 'model'), '--data', at('squares'), '--backend', 'wasm', ...options);
    const { code, json, stderr } = await evaluate('--json');
    expect(code, stderr).toBe(0);
    // The validation loss does not depend on the batch.
    const one = await evaluate('--json', '--batch', '1');
    expect(Math.abs((one.json.loss as number) / (json.loss as number) - 1)).toBeLessThan(1e-5);
    const trained = parseMetrics(readFileSync(at('first', 'metrics.jsonl'), 'utf8')).evaluation!;
    const { stats, categories, loss } = json as unknown as Required<typeof trained>;
    for (const [name, value] of Object.entries(trained.stats!))
      expect([name, stats[name as keyof typeof stats]]).toEqual([name, value]);
    expect(categories).toEqual(trained.categories);
    expect(Math.abs(loss / trained.loss - 1)).toBeLessThan(1e-5);
    const { stdout } = await evaluate();
    for (const text of ['COCO AP', 'average recall', 'AP large', 'dark']) expect(stdout).toContain(text);
  });

  it('predicts COCO JSON, and draws what it found', async () => {
    const predict = (...options: string[]) =>
      run(
        ...['predict', '--model', at('first', 'model'), at('squares', 'JPEGImages'), '--backend', 'wasm', '--json'],
        ...['--out', at('found', 'found.json'), '--pictures', at('found', 'pictures'), ...options],
      );
    const { code, json, stderr } = await predict('--threshold', '0');
    expect(code, stderr).toBe(0);
    expect((json.predictions as { objects: object[] }[]).map(({ objects }) => objects.length)).toEqual(
      Array.from({ length: 6 }, () => 6),
    );
    const found = JSON.parse(readFileSync(at('found', 'found.json'), 'utf8'));
    expect(found.images[0]).toEqual({ id: 1, file_name: at('squares/JPEGImages/a.jpg'), width, height });
    expect(found.categories).toEqual([
      { id: 1, name: 'dark' },
      { id: 2, name: 'light' },
    ]);
    expect(found.annotations).toHaveLength(36);
    expect(found.annotations[0]).toMatchObject({ image_id: 1, score: expect.any(Number), iscrowd: 0 });
    expect(readdirSync(at('found', 'pictures')).sort()).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.boxes.jpg`),
    );
    const again = await predict();
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is there already. Give --overwrite')]);
    const apart = await predict('--overwrite', '--threshold', '0', '--nms', '0');
    expect(apart.json.nms).toBe(0);
    expect(JSON.parse(readFileSync(at('found', 'found.json'), 'utf8')).annotations.length).toBeLessThan(36);
    const off = await predict('--nms', '1.5');
    expect([off.code, off.stderr]).toEqual([2, expect.stringContaining('--nms')]);
    expect((await predict('--overwrite', '--threshold', '1')).code).toBe(0);
    const strict = JSON.parse(readFileSync(at('found', 'found.json'), 'utf8'));
    expect(strict.annotations).toEqual([]);
  });

  it('is told of by info', async () => {
    const { code, stdout } = await run('info', at('first', 'model'));
    expect(code).toBe(0);
    for (const text of ['yolos', '48×64', '6 find an object each', 'dark, light', 'α = 0.984375'])
      expect(stdout).toContain(text);
  });

  it.each(['conventional', 'checkpoint', 'frozen', 'reversible'])('runs by %s', async (method) => {
    const { code, json, stderr } = await finetune(`by-${method}`, '--method', method, '--steps', '1');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method, steps: 1 });
  });

  it('keeps a --budget, and says what it chose', async () => {
    const { code, json, stderr } = await finetune('planned', '--budget', '1GB', '--steps', '1');
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/memory budget: conventional, 2 images at a time: [\d.]+ MB of 1.00 GB \(predicted\)/);
    expect(json).toMatchObject({ method: 'conventional', alpha: 63 / 64, beta: 1 / 64, steps: 1 });
    const given = await finetune('planned-exact', '--budget', '1GB', '--method', 'exact', '--steps', '1');
    expect(given.stderr).toContain('memory budget: exact, 2 images');
    expect(given.json).toMatchObject({ method: 'exact' });
  });

  it('goes on with --resume as if never stopped', async () => {
    const options = ['--lr-schedule', 'constant', '--warmup', '0'];
    const whole = await finetune('whole', ...options, '--steps', '4', '--checkpoint-every', '2');
    expect(whole.code, whole.stderr).toBe(0);
    const half = await finetune('half', ...options, '--steps', '2');
    expect(half.code, half.stderr).toBe(0);
    const rest = await finetune('half', ...options, '--steps', '4', '--resume');
    expect(rest.code, rest.stderr).toBe(0);
    const bytes = (name: string) => readFileSync(at(name, 'model', 'model.safetensors'));
    expect(bytes('half').equals(bytes('whole'))).toBe(true);
  });

  it('goes on from a detector: under its classes, or a new classifier, which it says', async () => {
    const again = (out: string, ...options: string[]) =>
      run(
        ...['finetune', '--task', 'detection', '--model', at('first', 'model'), '--out', at(out)],
        ...['--batch', '2', '--steps', '1', '--backend', 'wasm', '--json', ...options],
      );
    const own = await again('own', '--data', at('squares'));
    expect(own.code, own.stderr).toBe(0);
    expect(own.stderr).not.toContain('new classifier');
    const one = await again('one', '--data', at('squares'), '--classes', 'light', '--exclude', 'dark');
    expect(one.code, one.stderr).toBe(0);
    expect(one.stderr).toContain('a new classifier for light');
    expect(one.stderr).toContain('Boxes of classes that are left out: dark 4.');
    const kept = await again(
      'kept',
      '--data',
      at('squares'),
      '--classes',
      'light',
      '--exclude',
      'dark',
      '--head',
      'checkpoint',
    );
    expect([kept.code, kept.stderr]).toEqual([2, expect.stringContaining('knows the classes dark, light')]);
    const sized = await again('sized', '--data', at('squares'), '--detections', '9');
    expect([sized.code, sized.stderr]).toEqual([2, expect.stringContaining('--detections is for a new network')]);
  });

  it('--empty-weight changes what is learned', async () => {
    const last = async (out: string, ...options: string[]) => {
      const { code, stderr } = await finetune(out, '--steps', '1', ...options);
      expect(code, stderr).toBe(0);
      return parseMetrics(readFileSync(at(out, 'metrics.jsonl'), 'utf8')).steps[0]!.loss;
    };
    expect(await last('as-it-is', '--empty-weight', '0.1')).toBe(await last('by-default'));
    expect(await last('heavier', '--empty-weight', '2')).not.toBe(await last('by-default-again'));
  });

  it.each(['random', 'fixed'])('--blocks %s', async (blocks) => {
    const { code, stderr } = await finetune(`blocks-${blocks}`, '--blocks', blocks, '--steps', '1');
    expect(code, stderr).toBe(0);
  });

  it('holds a share out where there are no splits, and reads COCO', async () => {
    const images = ['a', 'b', 'c', 'd'].map((name, i) => ({ id: i + 1, file_name: `${name}.jpg`, width, height }));
    for (const name of ['a', 'b', 'c', 'd'])
      put(`coco/images/${name}.jpg`, readFileSync(at(`squares/JPEGImages/${name}.jpg`)));
    const squares = await readDetections(at('squares'), { split: 'train' });
    const annotations = squares.images.flatMap(({ boxes }, i) =>
      boxes.map(({ x, y, width: w, height: h, label }, k) => ({
        id: 10 * i + k,
        image_id: i + 1,
        category_id: label + 5,
        bbox: [x, y, w, h],
        iscrowd: 0,
      })),
    );
    const categories = squares.classes.map((name, k) => ({ id: k + 5, name }));
    put('coco/boxes.json', JSON.stringify({ images, annotations, categories }));
    const { code, stderr } = await finetuneOn('coco', 'from-coco', '--steps', '1', '--val-share', '0.25');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('3 images with 6 boxes');
    expect(stderr).toContain('25 % of the images held out');
    const none = await finetuneOn('coco', 'no-val', '--steps', '1', '--val-share', '0');
    expect(none.code, none.stderr).toBe(0);
    expect(existsSync(at('no-val', 'contact-sheet.svg'))).toBe(false);
  });
});
