/** The path of a user with laser scans: finetune, look at the folder, evaluate, predict, resume; and what goes wrong. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import { readCloud } from '@dr2net/pointcloud';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../src/report.ts';
import { gardenFiles, saveTinyModel, temporaryFolder, writeTinyClips } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('pointcloud');
const at = (...parts: string[]) => join(folder.path, ...parts);

function put(path: string, content: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

function writeGarden(place: string, seed: number): void {
  for (const [file, content] of Object.entries(gardenFiles(seed))) put(`${place}/Annotations/${file}`, content);
}

const points = ['--points', '64', '--group-size', '8', '--batch', '4', '--backend', 'wasm'];
const finetune = (out: string, ...options: string[]) =>
  run(
    ...['finetune', '--task', 'pointcloud', '--model', at('model'), '--data', at('gardens'), '--out', at(out)],
    ...[...points, '--lr', '3e-3', '--layer-decay', '1', '--dropout', '0', '--json', ...options],
  );

beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(at('model'));
  for (const [i, place] of ['north/one', 'north/two', 'south/three'].entries()) writeGarden(`gardens/${place}`, i);
  for (const place of ['a', 'b']) {
    writeGarden(`litter/${place}`, 7);
    put(`litter/${place}/Annotations/litter_1.txt`, '1 1 0\n2 2 0\n');
  }
  put('gardens/train.txt', 'north\n');
  put('gardens/val.txt', 'south\n');
});
afterAll(() => folder.remove());

describe('finetune', () => {
  it('learns, and leaves a model, a checkpoint, metrics and a report', async () => {
    const { code, json, stderr } = await finetune('first', '--epochs', '24');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method: 'exact', alpha: 63 / 64, beta: 1 / 64, epochs: 24, backend: 'wasm' });
    expect(stderr).toContain('2 scenes of 2 classes to train on (920 points, 16 samples an epoch), 1 to validate on');
    expect(stderr).toContain('lists in');
    expect(readdirSync(at('first')).sort()).toEqual(['checkpoint', 'metrics.jsonl', 'model', 'report.html', 'scenes']);
    expect(readdirSync(at('first', 'scenes')).sort()).toEqual(['south-three.html', 'south-three.ply']);
    const log = parseMetrics(readFileSync(at('first', 'metrics.jsonl'), 'utf8'));
    expect(log.steps.length).toBe(96);
    expect(log.steps.every(({ activationBytes, deviceBytes }) => activationBytes! > 0 && deviceBytes! > 0)).toBe(true);
    expect(log.steps.at(-1)!.accuracy!).toBeGreaterThan(0.9);
    expect(log.epochs.at(-1)!.trainAccuracy!).toBeGreaterThan(log.epochs[0]!.trainAccuracy!);
    expect(stderr).toMatch(/ · loss \S+ · accuracy \d+ % · /);
    expect(stderr).not.toContain('warning');
    expect(log.evaluation).toMatchObject({ classes: ['bush', 'ground'], samples: 460 });
    expect(log.evaluation!.meanIou!).toBeGreaterThan(0.9);
    expect(log.epochs.at(-1)!.validation!.meanIou).toBe(log.evaluation!.meanIou);
    const report = readFileSync(at('first', 'report.html'), 'utf8');
    for (const title of [
      'Loss',
      'Mean IoU',
      'accuracy of training points',
      'Memory over one step',
      'Confusion matrix',
      'IoU',
      'south/three',
    ])
      expect(report).toContain(title);
    const config = JSON.parse(readFileSync(at('first', 'model', 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      finetuning_task: 'pointcloud',
      id2label: { 0: 'bush', 1: 'ground' },
      cloud_input: { points: 64, region: 'sphere', features: ['height'] },
    });
  });

  it.each([
    [
      ['--unit', '100'],
      /warning: half of the samples of 64 points have a radius of \S+ or less.* all but at one place. Try --unit 0\.\d, or thinner clouds/,
    ],
    [
      ['--unit', '0.01', '--region', 'block', '--block-side', '6'],
      /radius of \S+ or more.* too far apart. Try --unit 0\.\d, or a smaller --block-side/,
    ],
  ])('warns of samples whose size is far from the unit: %j', async (options, warning) => {
    const { code, stderr } = await finetune(`unit-${options[1]}`, '--steps', '1', '--val-share', '0', ...options);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(warning);
    expect(stderr.indexOf('warning')).toBeLessThan(stderr.indexOf('step 1/1'));
  });

  it('is evaluated with the same figures, on clouds read as in training', async () => {
    const { code, json, stdout, stderr } = await run(
      ...['evaluate', '--model', at('first', 'model'), '--data', at('gardens'), '--backend', 'wasm', '--json'],
    );
    expect(code, stderr).toBe(0);
    const trained = parseMetrics(readFileSync(at('first', 'metrics.jsonl'), 'utf8')).evaluation!;
    expect(json).toMatchObject({ meanIou: trained.meanIou, iou: trained.iou, confusion: trained.confusion });
    expect(stdout).not.toContain('"classes":{');
  });

  it.each([
    ['nothing.txt', /nothing\.txt: no file of that name\. Check the path/],
    ['gardens', /gardens is a folder\. Give the clouds in it/],
  ])('predict refuses %s', async (file, message) => {
    const { code, stderr } = await run('predict', '--model', at('first', 'model'), at(file), '--backend', 'wasm');
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('predicts a cloud without labels: PLY with classes, colours and every point', async () => {
    put(
      'scan.txt',
      '//x y z\n1 2 0.05\n2.5 3 0.9\n'.concat(
        Array.from({ length: 100 }, (_, i) => `${i % 6} ${i % 5} 0.0${i % 9}`).join('\n'),
      ),
    );
    const predict = (...more: string[]) =>
      run(
        'predict',
        at('scan.txt'),
        '--model',
        at('first', 'model'),
        '--out',
        at('out'),
        '--backend',
        'wasm',
        '--json',
        ...more,
      );
    const { code, json, stderr } = await predict();
    expect(code, stderr).toBe(0);
    const [prediction] = json.predictions as { ply: string; counts: number[]; labels: string[] }[];
    const cloud = await readCloud(prediction!.ply);
    expect(cloud.count).toBe(102);
    expect(prediction!.labels).toEqual(['bush', 'ground']);
    expect(prediction!.counts.reduce((sum, count) => sum + count)).toBe(102);
    expect([cloud.labels!.length, cloud.colours!.length]).toEqual([102, 306]);
    const again = await predict();
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is there already. Give --overwrite')]);
    expect((await predict('--overwrite')).code).toBe(0);
  });

  it.each(['conventional', 'checkpoint', 'frozen', 'reversible'])('runs by %s', async (method) => {
    const { code, json, stderr } = await finetune(`by-${method}`, '--method', method, '--steps', '2');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ method, steps: 2 });
  });

  it.each([['collect'], ['sink']])(
    'goes on with --resume as if never stopped, statistics included: --update %s',
    async (update) => {
      const options = [
        '--val-share',
        '0',
        '--train-scenes',
        'north',
        '--val-scenes',
        'south',
        '--update',
        update,
        '--lr-schedule',
        'constant',
        '--warmup',
        '0',
      ];
      const whole = await finetune(`whole-${update}`, ...options, '--steps', '6', '--checkpoint-every', '3');
      expect(whole.code, whole.stderr).toBe(0);
      const half = await finetune(`half-${update}`, ...options, '--steps', '3');
      expect(half.code, half.stderr).toBe(0);
      const rest = await finetune(`half-${update}`, ...options, '--steps', '6', '--resume');
      expect(rest.code, rest.stderr).toBe(0);
      const bytes = (name: string) => readFileSync(at(name, 'model', 'model.safetensors'));
      expect(
        parseMetrics(readFileSync(at(`half-${update}`, 'metrics.jsonl'), 'utf8'))
          .steps.map(({ loss }) => loss)
          .slice(3),
      ).toEqual(
        parseMetrics(readFileSync(at(`whole-${update}`, 'metrics.jsonl'), 'utf8'))
          .steps.map(({ loss }) => loss)
          .slice(3),
      );
      expect(bytes(`half-${update}`).equals(bytes(`whole-${update}`))).toBe(true);
      expect(rest.stderr).not.toContain('--resume:');
      const other = ['--unit', '2', '--class-weights', 'inverse', '--steps', '7', '--resume'];
      const changed = await finetune(`half-${update}`, ...options, ...other);
      expect(changed.code, changed.stderr).toBe(0);
      expect(changed.stderr).toMatch(
        /--resume: unit was not given when the run began and is 2 now; the run goes on with/,
      );
      expect(changed.stderr).toMatch(/--resume: class weights was \w+ when the run began and is inverse now/);
    },
  );

  it('goes on from a segmenter, under its head or a new one; random and fixed blocks', async () => {
    const saved = ['--model', at('first', 'model'), '--steps', '2'];
    const args = (out: string) => ['finetune', '--task', 'pointcloud', '--data', at('gardens'), '--out', at(out)];
    const own = await run(...args('own'), ...saved, '--batch', '4', '--backend', 'wasm', '--json');
    expect(own.code, own.stderr).toBe(0);
    expect((own.json.evaluation as { meanIou: number }).meanIou).toBeGreaterThan(0.8);
    const fresh = await run(...args('fresh'), ...saved, '--head', 'new', '--batch', '4', '--backend', 'wasm', '--json');
    expect(fresh.code, fresh.stderr).toBe(0);
    const sized = await run(...args('sized'), ...saved, '--group-size', '4', '--backend', 'wasm');
    expect([sized.code, sized.stderr]).toEqual([2, expect.stringContaining('--group-size is for a new network')]);
    for (const blocks of ['random', 'fixed']) {
      const { code, stderr } = await finetune(blocks, '--blocks', blocks, '--steps', '1');
      expect(code, stderr).toBe(0);
    }
  });

  it('ignores objects by name, and says so in the model', async () => {
    const { code, json, stderr } = await run(
      ...['finetune', '--task', 'pointcloud', '--model', at('model'), '--data', at('litter'), '--out', at('ignored')],
      ...[...points, '--classes', 'bush,ground', '--ignore', 'litter', '--steps', '1', '--val-share', '0.5', '--json'],
    );
    expect(code, stderr).toBe(0);
    expect((json.evaluation as { points: number }).points).toBe(460);
    const config = JSON.parse(readFileSync(at('ignored', 'model', 'config.json'), 'utf8'));
    expect(config.cloud_input.ignoredNames).toEqual(['litter']);
    const again = await run(
      ...[
        'evaluate',
        '--model',
        at('ignored', 'model'),
        '--data',
        at('litter'),
        '--scenes',
        'b',
        '--backend',
        'wasm',
        '--json',
      ],
    );
    expect(again.code, again.stderr).toBe(0);
    expect(again.json.points).toBe(460);
  });

  it('keeps a budget, and says what it chose', async () => {
    const { code, json, stderr } = await finetune('budget', '--budget', '1GB', '--steps', '1');
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/memory budget: conventional, 4 samples at a time: [\d.]+ MB of 1\.00 GB \(predicted\)/);
    expect(json).toMatchObject({ method: 'conventional', beta: 1 / 64 });
  });

  it('leaves no tensors', async () => {
    const before = memory().numTensors;
    expect((await finetune('leaks', '--steps', '1')).code).toBe(0);
    expect(memory().numTensors).toBe(before);
  });
});

describe('is refused in one line that names the value and the remedy', () => {
  const lines = (rows: readonly string[]) => `${rows.join('\n')}\n`;
  const many = (row: (i: number) => string) => lines(Array.from({ length: 80 }, (_, i) => row(i)));
  const cloud = (i: number, label: string | number = i % 2) => `${i % 9} ${i % 7} ${i % 5} ${label}`;

  beforeAll(async () => {
    await writeTinyClips(at('clips'));
    put(
      'nan/a.txt',
      many((i) => (i === 7 ? `nan 1 2 0` : cloud(i))),
    );
    put('few/a.txt', lines([cloud(1), cloud(2), cloud(3)]));
    put(
      'same/a.txt',
      many((i) => `1 2 3 ${i % 2}`),
    );
    put(
      'mixed/a.txt',
      many((i) => (i === 11 ? '1 2 3' : cloud(i))),
    );
    put(
      'label/a.txt',
      many((i) => (i === 5 ? cloud(i, 7) : cloud(i))),
    );
    put(
      'unlabelled/a.txt',
      many((i) => `${i} ${i % 5} ${i % 3}`),
    );
    put('none/readme.md', 'no clouds');
    put(
      'areas/A/one/Annotations/tree_1.txt',
      many((i) => `${i} 1 ${i % 3}`),
    );
    put(
      'areas/A/one/Annotations/ground_1.txt',
      many((i) => `${i} 1 ${i % 3}`),
    );
    put(
      'areas/B/one/Annotations/trees_1.txt',
      many((i) => `${i} 1 ${i % 3}`),
    );
    put(
      'areas/B/one/Annotations/ground_1.txt',
      many((i) => `${i} 1 ${i % 3}`),
    );
  });

  const on = (data: string, ...more: string[]) => [
    ...['finetune', '--task', 'pointcloud', '--model', at('model'), '--data', at(data), '--out', at('refused')],
    ...['--val-share', '0', '--steps', '1', ...points, ...more],
  ];
  it.each<[string, () => string[], RegExp]>([
    ['coordinates that are not finite', () => on('nan'), /a\.txt.*line 8.*nan/i],
    ['fewer points than a sample', () => on('few'), /a\.txt.*3 points where a sample takes 64. Give fewer --points/],
    ['all points at one place', () => on('same'), /all 80 points lie at \(1, 2, 3\)/],
    ['mixed column counts', () => on('mixed'), /a\.txt.*line 12/],
    ['a label that means no class', () => on('label', '--classes', 'a=0,b=1'), /a\.txt.*label 7 means no class/],
    ['no labels', () => on('unlabelled'), /no column of labels. Say which it is \(--label-column name\)/],
    ['no clouds', () => on('none'), /has no clouds. Expected AREA/],
    ['names that differ', () => on('areas'), /Class names differ between areas/],
    ['a folder that is not there', () => on('nowhere'), /nowhere: no file or folder/],
    [
      'names to ignore without classes',
      () => on('gardens', '--ignore', 'bush'),
      /--ignore bush needs the classes that are left/,
    ],
    [
      'a name that is no class',
      () => on('areas', '--classes', 'tree,ground'),
      /"trees" is no class; did you mean "tree".*--ignore a,b/,
    ],
    ['a scene that is not there', () => on('gardens', '--train-scenes', 'nort'), /names "nort".*did you mean "north"/],
    [
      'a feature that is not there',
      () => on('gardens', '--features', 'colour'),
      /no feature "colour"; it has: height, position/,
    ],
    [
      'options of clips',
      () => on('gardens', '--frames', '8'),
      /--frames belongs to the task video, but this is pointcloud/,
    ],
    ['a block without a side', () => on('gardens', '--region', 'block'), /--region block needs --block-side/],
    ['a side without a block', () => on('gardens', '--block-side', '3'), /--block-side 3 belongs to --region block/],
    ['points per token', () => on('gardens', '--points-per-token', '8'), /pointsPerToken is 8/],
    [
      'a split and scenes',
      () => on('gardens', '--train-split', 'train', '--train-scenes', 'north'),
      /give one of them/,
    ],
    [
      'a scene that is trained on whole and validates in part',
      () => on('gardens', '--train-split', 'train', '--val-scenes', 'north/one x>=9'),
      /"north\/one" is trained on and "north\/one x>=9" validates: points would be in both/,
    ],
    [
      'bounds that overlap',
      () => on('gardens', '--train-scenes', 'north/one x<10', '--val-scenes', 'north/one x>=9'),
      /points would be in both\. Part them by bounds/,
    ],
    [
      'more points a group than the second stage has',
      () => on('gardens').map((arg, i, all) => (all[i - 1] === '--points' ? '20' : arg)),
      /20 points leave 5 to stage 2 of the embedding, whose groups take 8; give --points 32 or more/,
    ],
    [
      'a budget that nothing fits',
      () => on('gardens', '--budget', '1MB'),
      /Nothing fits 1\.00 MB: .* Give a larger budget, or take fewer points, more points per token/,
    ],
    [
      'options of clouds with clips',
      () => ['finetune', '--model', at('model'), '--data', at('clips'), '--out', at('refused'), '--points', '64'],
      /--points belongs to the task pointcloud, but this is video/,
    ],
    [
      'a single scene without a split',
      () => on('label').map((arg, i, all) => (all[i - 1] === '--val-share' ? '0.5' : arg)),
      /There is one scene.*Part it by bounds/,
    ],
    [
      'a size beside a configuration of its own',
      () => on('gardens', '--config', at('model', 'config.json')),
      /--group-size is said by the file of --config/,
    ],
    [
      'a config that is no JSON',
      () => on('gardens', '--config', at('gardens', 'val.txt')),
      /--config .*val\.txt cannot be read/,
    ],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await run(...args());
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(at('refused', 'model'))).toBe(false);
  });

  it('an evaluation with other classes', async () => {
    const { code, stderr } = await run(
      ...[
        'evaluate',
        '--model',
        at('first', 'model'),
        '--data',
        at('label'),
        '--classes',
        'a=0,b=1-',
        '--backend',
        'wasm',
      ],
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining('has the classes a, b, the model bush, ground')]);
  });
});
