import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError } from 'jobs';
import { beforeEach, expect, it } from 'vitest';
import { jobName, jobsOf, variantOf, variants } from './plan.ts';
import { readResult, resultPath } from './result.ts';
import { meanLogs, readResults, summaryRows } from './rows.ts';
import { runStudy, type StudySettings } from './run.ts';
import { summarise } from './summarise.ts';

let folder: string;
let calls: string[][];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'study-'));
  calls = [];
});

const optionOf = (args: readonly string[], flag: string) => args[args.indexOf(flag) + 1] ?? '';

/** Stands for the command line: writes the log of a run whose loss and accuracy follow from the seed. */
function fakeFinetune(fail: (args: readonly string[]) => void = () => {}) {
  return async (args: readonly string[]) => {
    calls.push([...args]);
    const out = optionOf(args, '--out');
    mkdirSync(join(out, 'checkpoint'), { recursive: true });
    fail(args);
    const seed = Number(optionOf(args, '--seed'));
    const lines: object[] = [
      {
        kind: 'settings',
        label: optionOf(args, '--method'),
        settings: { seed, model: '/models/small', data: '/clips', out: '/runs/a', parted: 'splits of /clips' },
      },
    ];
    for (let epoch = 1; epoch <= 2; epoch++) {
      for (let step = 1; step <= 3; step++)
        lines.push({
          kind: 'step',
          step: 3 * (epoch - 1) + step,
          epoch,
          loss: 1 / step,
          learningRate: 1e-4,
          alpha: 1,
          beta: 0,
          seconds: step,
          samples: 5,
          activationBytes: 1e6 * step,
        });
      const validation = { loss: 1, top1: seed === 0 ? 0.8 : 0.6, samples: 25 };
      lines.push({ kind: 'epoch', epoch, step: 3 * epoch, trainLoss: 2 / epoch + seed, validation, seconds: 6 });
    }
    writeFileSync(join(out, 'metrics.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
  };
}

function settings(more: Partial<StudySettings> = {}): StudySettings {
  const common = ['--batch', '5'];
  return {
    ...{
      results: join(folder, 'results'),
      work: join(folder, 'work'),
      task: 'video' as const,
      model: 'm',
      data: 'd',
      backend: 'cpu',
      epochs: 2,
      common,
    },
    finetune: fakeFinetune(),
    ...more,
  };
}

const plan = { variants: ['conventional', 'exact'], depths: [6], seeds: [0, 1] };

it('goes through seeds first, so that an early end leaves whole comparisons', () => {
  expect(
    jobsOf({ variants: ['exact', 'frozen'], depths: [6, 12], seeds: [3, 4] })
      .map(jobName)
      .slice(0, 5),
  ).toEqual(['exact-d6-s3', 'frozen-d6-s3', 'exact-d12-s3', 'frozen-d12-s3', 'exact-d6-s4']);
  expect(() => jobsOf({ ...plan, variants: ['exakt'] })).toThrow('No variant "exakt"; there are conventional, exact,');
});

it('anchors a schedule often enough for its beginning, inside the run', () => {
  for (const depth of [1, 6, 12]) {
    const options = variantOf('reversible-dynamic').options(depth, 16);
    const at = optionOf(options, '--anchors').split(',').filter(Boolean).map(Number);
    expect(at.every((place) => place > 0 && place < 2 * depth)).toBe(true);
    expect(2 * depth - (at.at(-1) ?? 0)).toBeLessThanOrEqual(3);
  }
  expect(variants.filter(({ options }) => options(12, 16).includes('--anchors'))).toHaveLength(3);
});

it('skips what is done, also after a restart', async () => {
  expect(await runStudy(jobsOf(plan), settings())).toMatchObject({ done: 4, skipped: 0, failed: [] });
  expect(readdirSync(join(folder, 'results'))).toHaveLength(4);
  expect(await runStudy(jobsOf(plan), settings())).toMatchObject({ done: 0, skipped: 4 });
  expect(calls).toHaveLength(4);
});

it('removes the weights of a finished job and keeps its log', async () => {
  await runStudy(jobsOf({ ...plan, variants: ['exact'], seeds: [0] }), settings());
  expect(readdirSync(join(folder, 'work', 'exact-d6-s0'))).toEqual(['metrics.jsonl']);
});

it('leaves folders of this machine out of the result files', async () => {
  const [job] = jobsOf({ ...plan, variants: ['exact'], seeds: [0] });
  await runStudy([job!], settings());
  expect(readResult(join(folder, 'results'), job!)?.settings).toEqual({
    seed: 0,
    model: 'small',
    data: 'clips',
    parted: 'splits of clips',
  });
  expect(readFileSync(resultPath(join(folder, 'results'), job!), 'utf8')).not.toContain(folder);
});

it('goes on after a failure and tries it again, from its checkpoint', async () => {
  let broken = true;
  const finetune = fakeFinetune((args) => {
    if (broken && args.includes('exact') && optionOf(args, '--seed') === '0') throw new Error('out of memory');
  });
  const outcome = await runStudy(jobsOf(plan), settings({ finetune }));
  expect(outcome).toMatchObject({ done: 3, failed: [{ job: 'exact-d6-s0', message: 'out of memory' }] });
  broken = false;
  expect(await runStudy(jobsOf(plan), settings({ finetune }))).toMatchObject({ done: 1, skipped: 3, failed: [] });
  expect(calls.at(-1)).toContain('--resume');
  expect(calls.filter((args) => args.includes('--resume'))).toHaveLength(1);
  // Two epochs of six seconds each; of the process that went on, less than one.
  const [again] = jobsOf({ ...plan, variants: ['exact'], seeds: [0] });
  expect(readResult(join(folder, 'results'), again!)?.seconds).toBe(12);
});

it('stops at once when interrupted, and leaves no half result', async () => {
  const finetune = fakeFinetune(() => {
    throw new InterruptedError('SIGINT');
  });
  await expect(runStudy(jobsOf(plan), settings({ finetune }))).rejects.toBeInstanceOf(InterruptedError);
  expect(calls).toHaveLength(1);
  expect(existsSync(join(folder, 'results'))).toBe(false);
});

it('summarises means over seeds, an interval for the clips, and the distance from conventional', async () => {
  await runStudy(jobsOf(plan), settings());
  const results = join(folder, 'results');
  const exact = summaryRows(readResults(results)).find(({ variant }) => variant === 'exact');
  expect(exact).toMatchObject({
    seeds: [0, 1],
    scores: [0.8, 0.6],
    lossDistance: 0,
    activationBytes: 3e6,
    secondsPerStep: 2,
  });
  expect(exact?.mean).toBeCloseTo(0.7);
  // Both seeds are those of conventional.
  expect(exact?.paired.score).toMatchObject({ mean: 0, half: 0, differences: [0, 0] });
  expect(meanLogs(readResults(results))[0]?.epochs[1]).toMatchObject({ trainLoss: 1.5, validation: { top1: 0.7 } });
  // Wilson's interval of 17.5 right of 25.
  expect(exact?.interval?.[0]).toBeCloseTo(0.504, 3);
  expect(exact?.interval?.[1]).toBeCloseTo(0.8427, 3);
  await summarise(results, 'A study');
  expect(readFileSync(join(results, 'summary.md'), 'utf8')).toContain('| 6 | exact | 80, 60 | 70 |');
  expect(readFileSync(join(results, 'curves-d6.svg'), 'utf8')).toContain('<svg');
  expect(readFileSync(join(results, 'curves-d6.png')).subarray(1, 4).toString()).toBe('PNG');
});

it('says what to do when there is nothing to summarise', async () => {
  mkdirSync(join(folder, 'results'));
  await expect(summarise(join(folder, 'results'), 'A study')).rejects.toThrow('pnpm study run');
});

it('summarises AP by size and class, and keeps models when asked', async () => {
  const stats = { AP: 0.25, AP50: 0.5, AP75: 0.2, APSmall: null, APMedium: 0.2, APLarge: 0.3 };
  const detectionRun = async (args: readonly string[]) => {
    await fakeFinetune()(args);
    const out = optionOf(args, '--out');
    mkdirSync(join(out, 'model'));
    const path = join(out, 'metrics.jsonl');
    const records = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const record of records) if (record.validation) record.validation = { loss: 1, ap: 0.25, samples: 87 };
    const categories = [{ id: 1, name: 'cell', truths: 3, detections: 4, stats: { ...stats, AP50: 0.625 } }];
    records.push({ kind: 'evaluation', loss: 1, ap: 0.25, samples: 87, classes: ['cell'], stats, categories });
    writeFileSync(path, records.map((record) => JSON.stringify(record)).join('\n'));
  };
  await runStudy(jobsOf(plan), settings({ finetune: detectionRun, task: 'detection', keepModels: true }));
  expect(calls[0]).not.toContain('--cache');
  expect(readdirSync(join(folder, 'work', 'exact-d6-s0'))).toEqual(['metrics.jsonl', 'model']);
  const table = await summarise(join(folder, 'results'), 'Cells');
  expect(table).toContain('| COCO AP of each seed, % | mean, % | AP50, % | AP75, % | AP of small, % |');
  expect(table).toContain(
    '| 6 | exact | 25.0, 25.0 | 25.0 | 50.0 | 20.0 | – | 20.0 | 30.0 | 25.0 | 62.5 | +0.0 ± 0.0 |',
  );
  expect(table).toContain('87 validation images');
});

it('summarises IoU by class, without an interval: points are not independent', async () => {
  const cloudRun = async (args: readonly string[]) => {
    await fakeFinetune()(args);
    const path = join(optionOf(args, '--out'), 'metrics.jsonl');
    const records = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => JSON.parse(line));
    const exact = args.includes('exact') ? 0.1 : 0;
    for (const record of records)
      if (record.validation) record.validation = { loss: 1, meanIou: 0.5 + exact, overallAccuracy: 0.9, samples: 1000 };
    const confusion = [
      [1, 0],
      [0, 1],
    ];
    const iou = [0.4 + exact, null];
    records.push({
      kind: 'evaluation',
      loss: 1,
      meanIou: 0.5 + exact,
      samples: 1000,
      classes: ['tree', 'lake'],
      confusion,
      iou,
    });
    writeFileSync(path, records.map((record) => JSON.stringify(record)).join('\n'));
  };
  await runStudy(jobsOf(plan), settings({ finetune: cloudRun, task: 'pointcloud' }));
  expect(calls[0]?.slice(0, 3)).toEqual(['finetune', '--task', 'pointcloud']);
  const results = join(folder, 'results');
  const table = await summarise(results, 'Trees');
  expect(table).toContain('mean IoU of each seed, % | mean, % | IoU of tree, % | IoU of lake, % | minus conventional');
  expect(table).toContain('| 6 | exact | 60.0, 60.0 | 60.0 | 50.0 | – | +10.0 ± 0.0 |');
  expect(table).toContain('1,000 validation points');
  expect(readFileSync(join(results, 'report-d6.html'), 'utf8')).toContain('Trees, 6 blocks');
});
