/** `dr2net plan` and `finetune --budget`: what they print, choose and refuse. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import { segmenterConfig, transformerSpec, yolosConfig } from '@dr2net/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveTinyModel, temporaryFolder, tinyImageModel, writeTinyClips } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('plan');
const at = (...parts: string[]) => join(folder.path, ...parts);

beforeAll(async () => {
  await startBackend('wasm');
  mkdirSync(at('config-only'));
  writeFileSync(at('config-only', 'config.json'), JSON.stringify(tinyImageModel));
  await saveTinyModel(at('model'));
  await writeTinyClips(at('clips'));
});
afterAll(() => folder.remove());

interface MethodRow {
  readonly title: string;
  readonly method: { name: string };
  readonly needBytes: number;
  readonly work: number;
  readonly kinds: Record<string, number>;
}

const rowsOf = (json: Record<string, unknown>) => json.methods as MethodRow[];

describe('plan', () => {
  it('works from a name: VideoMAE-B at the published size, a table for people', async () => {
    const { code, stdout } = await run('plan', 'videomae-base', '--depth', '2', '--backend', 'node');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^videomae, width 768, 2 blocks, 16×224², batch 1, adamw, node: conventional [\d.]+ [MG]B, /,
    );
    for (const name of ['conventional', 'checkpoint', 'exact', 'reversible', 'frozen'])
      expect(stdout).toMatch(new RegExp(`^${name} +[\\d.]+ [MG]B`, 'm'));
  });

  it('works from config.json alone, and gives one object', async () => {
    const given = ['plan', at('config-only'), '--frames', '4', '--size', '32', '--batch', '2', '--backend', 'cpu'];
    const { code, json, stderr } = await run(...given, '--json');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(json).toMatchObject({ backend: 'cpu', batch: 2, optimizer: 'adamw', alpha: 63 / 64, beta: 1 / 64 });
    const [conventional, checkpoint, exact, reversible, frozen] = rowsOf(json);
    expect(conventional!.needBytes).toBeGreaterThanOrEqual(exact!.needBytes);
    expect(exact!.needBytes).toBeGreaterThanOrEqual(reversible!.needBytes);
    expect(frozen!.needBytes).toBeLessThan(reversible!.needBytes);
    expect(checkpoint!.work).toBeGreaterThan(conventional!.work);
    const total = Object.values(conventional!.kinds).reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBe(conventional!.needBytes);
    expect(conventional!.kinds.parameters).toBe(4 * (json.parameters as number));
  });

  it('chooses the fastest that fits, and says what it lacks where nothing does', async () => {
    const given = ['plan', 'videomae-small', '--depth', '4', '--backend', 'cpu', '--batch', '2', '--json'];
    const { json } = await run(...given);
    const [conventional] = rowsOf(json);
    const chosenFor = async (budget: number | string) => {
      const answer = await run(...given, '--budget', String(budget));
      expect(answer.code).toBe(0);
      return answer.json.chosen as MethodRow;
    };
    expect((await chosenFor('100GB')).title).toBe('conventional');
    const tight = await chosenFor(Math.floor(conventional!.needBytes * 0.8));
    expect(tight.needBytes).toBeLessThanOrEqual(conventional!.needBytes * 0.8);

    // Of 196 tokens, where the gradients weigh more than a sub-block's internals.
    given.push('--frames', '2');
    const { leaner } = (await run(...given, '--budget', '100GB')).json as { leaner: MethodRow[] };
    const leanest = leaner.at(-1)!;
    expect(leanest).toMatchObject({ chunks: 4, update: 'sink' });
    expect((await chosenFor(leanest.needBytes)).title).toMatch(/4 parts a sub-block$/);

    // Nobody chose the coefficients, so `exact` may go further from the pretrained network, at last.
    expect(leanest).toMatchObject({ coefficients: { alpha: 0.5, beta: 0.5 } });
    expect(leanest.title).toMatch(/^exact at β = 1\/2, /);
    const kept = await run(...given, '--budget', '100GB', '--alpha', '63/64', '--beta', '1/64');
    for (const row of kept.json.leaner as MethodRow[]) expect(row).not.toHaveProperty('coefficients');

    const { code, json: refused, stderr } = await run(...given, '--budget', '1MB');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /Nothing fits 1.00 MB: the leanest setting \(.*, batch 2\) needs [\d.]+ MB, .* \(\d+ bytes\) more/,
    );
    expect(refused.error).toMatchObject({ name: 'BudgetError', exitCode: 2 });
  });

  it.each([
    [['--budget', 'much'], /"much" is no size; write a size above 0 such as 2GB/],
    [['--budget', '0'], /"0" is nothing; write a size above 0/],
    [['--budget', '-2GB'], /"-2GB" is nothing|argument missing/],
    [
      ['--budget', 'device', '--backend', 'webgpu'],
      /"device" cannot be had: the backend webgpu does not tell|cannot start/,
    ],
    [['--frames', '15'], /frames 15 does not fit.*14 and 16/],
    [['--size', '100'], /size 100 does not fit.*96 and 112/],
    [['--depth', '13'], /depth 13 does not fit/],
    [['--backend', 'webgp'], /Did you mean "webgpu"/],
    [['--optimizer', 'adam'], /Did you mean "adamw"/],
    [['--batch', '0'], /--batch.*whole number/],
    [['--beta', '0'], /--beta 0 cannot be inverted/],
    [['--beta', '5'], /β is 5/],
  ])('%s is refused', async (options, message) => {
    const { code, stderr } = await run('plan', 'videomae-base', ...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('says which β exact has in the place of one off its grid', async () => {
    const { code, stderr } = await run(
      'plan',
      at('config-only'),
      '--frames',
      '4',
      '--backend',
      'cpu',
      '--beta',
      '0.013',
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^beta = 0.013 becomes 0.01300048828125: the nearest on the grid of the method exact\.$/m);
  });

  it('names the nearest published size', async () => {
    const { code, stderr } = await run('plan', 'videomae-bas');
    expect(code).toBe(2);
    expect(stderr).toMatch(/videomae-bas is no model folder.*nearest known name is videomae-base/s);
  });
});

describe('plan of a point segmenter', () => {
  const around = (...more: string[]) =>
    run('plan', at('config-only'), '--task', 'pointcloud', '--points', '512', '--group-size', '8', ...more);

  it('is of a new one around an image model, from its config.json alone', async () => {
    const sizes = ['--classes', '5', '--features', 'height,position', '--backend', 'cpu', '--batch', '2'];
    const { code, json, stderr } = await around(...sizes, '--json');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({
      model: 'PointViT, width 24, 2 blocks, 512 points, 32 groups of 8',
      ...{ classes: 5, batch: 2, subBlocks: 4 },
    });
    const [conventional, , , reversible, frozen] = rowsOf(json);
    // Of so few blocks the decoder is where a step takes the most.
    expect(conventional!.needBytes).toBeGreaterThanOrEqual(reversible!.needBytes);
    expect(frozen!.needBytes).toBeLessThan(reversible!.needBytes);
    const fixed = await around(...sizes, '--blocks', 'fixed', '--json');
    expect(rowsOf(fixed.json)[0]!.kinds.slots).toBeLessThan(conventional!.kinds.slots!);
    const chosen = await around(...sizes, '--budget', '1GB');
    expect(chosen.stdout).toMatch(/chosen: conventional, 2 samples at a time/);
  });

  it('is of a published size by name', async () => {
    const { stdout, code } = await run(
      'plan',
      'dinov2-small',
      '--task',
      'pointcloud',
      '--points',
      '16384',
      '--depth',
      '4',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^PointViT, width 384, 4 blocks, 16384 points, 1024 groups of 32, batch 1/);
  });

  it('is of a saved one, with its points and classes', async () => {
    const config = segmenterConfig(
      { spec: transformerSpec(tinyImageModel) },
      { classes: 3, channels: 1, groupSize: 8 },
    );
    mkdirSync(at('segmenter'), { recursive: true });
    const cloud_input = { points: 256, region: 'sphere', features: ['height'] };
    writeFileSync(at('segmenter', 'config.json'), JSON.stringify({ ...config, cloud_input }));
    const planned = (...more: string[]) => run('plan', at('segmenter'), '--backend', 'wasm', '--json', ...more);
    const { json, code, stderr } = await planned();
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ model: expect.stringContaining('256 points, 16 groups of 8'), classes: 3 });
    expect((await planned('--points', '512', '--classes', '7')).json).toMatchObject({
      ...{ model: expect.stringContaining('512 points'), classes: 7 },
    });
    for (const [options, message] of [
      [['--group-size', '4'], /--group-size is for a new network/],
      [['--task', 'video'], /is a saved segmenter of point clouds/],
      [['--features', 'colour'], /takes 1 features a point, and --features gives 3/],
      [['--frames', '4'], /--frames belongs to the task video/],
    ] as const) {
      const refused = await planned(...options);
      expect(refused.stderr).toMatch(message);
      expect(refused.code).toBe(2);
    }
  });

  it.each([
    [['--points-per-token', '8'], /pointsPerToken is 8/],
    [['--depth', '3'], /depth is 3; the vit has 2 blocks/],
    [['--points', '16', '--points-per-token', '64'], /16 points leave no group/],
    [['--frames', '4'], /--frames belongs to the task video/],
    [['--blocks', 'fix'], /--blocks/],
  ])('%s is refused', async (options, message) => {
    const { code, stderr } = await around(...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('plan of a detector', () => {
  const around = (...more: string[]) => run('plan', at('config-only'), '--task', 'detection', ...more);

  it('is of a new one around an image model, from its config.json alone', async () => {
    const sizes = ['--size', '48x64', '--detections', '6', '--classes', '3', '--backend', 'cpu', '--batch', '8'];
    const { code, json, stderr } = await around(...sizes, '--json');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({
      model: 'YOLOS, width 24, 2 blocks, 48×64, 6 detections',
      ...{ classes: 3, batch: 8, subBlocks: 4 },
    });
    const [conventional, checkpoint, exact, reversible, frozen] = rowsOf(json);
    expect(conventional!.needBytes).toBeGreaterThan(exact!.needBytes);
    expect(exact!.needBytes).toBeGreaterThanOrEqual(reversible!.needBytes);
    expect(frozen!.needBytes).toBeLessThan(reversible!.needBytes);
    expect(checkpoint!.work).toBeGreaterThan(conventional!.work);
    const fixed = await around(...sizes, '--blocks', 'fixed', '--json');
    expect(rowsOf(fixed.json)[0]!.kinds.slots).toBeLessThan(conventional!.kinds.slots!);
    const chosen = await around(...sizes, '--budget', '1GB');
    expect(chosen.stdout).toMatch(/chosen: conventional, 8 images at a time/);
    const tight = await around(...sizes, '--json', '--budget', String(conventional!.needBytes - 1));
    expect(tight.json.chosen).not.toMatchObject({ title: 'conventional' });
  });

  it.each([
    [
      ['dinov2-small', '--task', 'detection', '--size', '448x336'],
      'YOLOS, width 384, 12 blocks, 448×336, 100 detections',
    ],
    [['yolos-small'], 'YOLOS-S, 512×864, 100 detections'],
    [['yolos-tiny', '--size', '224'], 'YOLOS-Ti, 224×224, 100 detections'],
    [['yolos-base', '--depth', '2'], 'YOLOS, width 768, 2 blocks, 800×1344, 100 detections'],
  ])('is of a published size by name: %j', async (given, title) => {
    const { json, code, stderr } = await run('plan', ...given, '--json');
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ model: title });
  });

  it('is of a saved one, with its size, detections and classes', async () => {
    const config = yolosConfig(
      { spec: transformerSpec(tinyImageModel) },
      { classes: ['a', 'b', 'c'], size: [32, 48], detectionTokens: 5 },
    );
    mkdirSync(at('detector'), { recursive: true });
    writeFileSync(at('detector', 'config.json'), JSON.stringify(config));
    const planned = (...more: string[]) => run('plan', at('detector'), '--backend', 'wasm', '--json', ...more);
    const { json, code, stderr } = await planned();
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ model: expect.stringContaining('32×48, 5 detections'), classes: 3 });
    const other = await planned('--size', '64x48', '--classes', '7');
    expect(other.json).toMatchObject({ model: expect.stringContaining('64×48'), classes: 7 });
    // Classes are one row of the last layer each.
    expect((other.json.parameters as number) - (json.parameters as number)).toBe(4 * 25 + (12 - 6) * 24);
    for (const [options, message] of [
      [['--detections', '4'], /--detections is for a new network, but .* is a saved detector/],
      [['--blocks', 'random'], /--blocks random is for a new network/],
      [['--task', 'video'], /--task video: .* is a saved detector. Give --task detection, or leave it out/],
      [['--task', 'pointcloud'], /--task pointcloud: .* is a saved detector/],
      [['--points', '64'], /--points belongs to the task pointcloud, but this is detection/],
    ] as const) {
      const refused = await planned(...options);
      expect(refused.stderr).toMatch(message);
      expect(refused.code).toBe(2);
    }
  });

  it.each([
    [['--size', '50x64'], /size 50×64 does not fit.*multiple of the patch size 16/],
    [['--size', '50x'], /Give pixels, such as 224, or height and width/],
    [['--depth', '3'], /depth 3 does not fit/],
    [['--detections', '0'], /--detections/],
    [['--frames', '4'], /--frames belongs to the task video/],
    [['--budget', '1kB'], /Nothing fits 1.00 kB: the leanest setting .* a smaller size, fewer detections/],
  ])('%s is refused', async (options, message) => {
    const { code, stderr } = await around(...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('is not of a model of clips', async () => {
    const { code, stderr } = await run('plan', 'videomae-small', '--task', 'detection');
    expect([code, stderr]).toEqual([2, expect.stringContaining('takes clips; a detector needs an image model')]);
  });
});

describe('finetune --budget', () => {
  const options = (out: string, ...more: string[]) => [
    ...['finetune', '--model', at('model'), '--data', at('clips'), '--out', at(out), '--backend', 'wasm'],
    ...['--frames', '4', '--size', '16', '--steps', '2', '--batch', '2', '--val-share', '0', '--no-inspect', ...more],
  ];

  it('uses the plan and says what it chose', async () => {
    const { code, json, stderr } = await run(...options('planned', '--budget', '1GB', '--json'));
    expect(stderr).toMatch(/memory budget: conventional, 2 clips at a time: [\d.]+ MB of 1.00 GB \(predicted\)/);
    expect(code).toBe(0);
    expect(json).toMatchObject({ method: 'conventional', alpha: 63 / 64, beta: 1 / 64, steps: 2 });
  });

  it('keeps a method that was given', async () => {
    const { code, json, stderr } = await run(...options('given', '--budget', '1GB', '--method', 'exact', '--json'));
    expect(stderr).toContain('memory budget: exact, 2 clips');
    expect(code).toBe(0);
    expect(json).toMatchObject({ method: 'exact' });
  });

  it.each([
    ['lots', /"lots" is no size/],
    ['1MB', /Nothing fits 1.00 MB: the leanest setting/],
  ])('%s is refused before the first step', async (budget, message) => {
    const { code, stderr } = await run(...options(`refused-${budget}`, '--budget', budget));
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
