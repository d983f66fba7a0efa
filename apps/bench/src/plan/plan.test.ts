/** One setting measured and predicted, the sweep's files, and what the table says of predictions that miss. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measurePlan, type PlanMeasurement, predictPlan } from './measure.ts';
import { type Compared, runPlan } from './run.ts';
import { methods, models, nameOf, type PlanSetting, planSettings } from './settings.ts';
import { planSummary, planTable } from './table.ts';

const list = planSettings('wasm');
const setting: PlanSetting = { ...list[0]!, model: 'videomae-w256-d2-t64', batch: 1 };

const measured = (settings: PlanSetting, deviceBytes: number): PlanMeasurement => ({
  ...{ settings, deviceBytes, device: 'a machine', deviceKind: 'wasm heap' },
  ...{ peakBytes: 3e6, activationPeakBytes: 1e6 },
});

const compared = (name: string, deviceBytes: number, predicted: number): Compared => ({
  name,
  measured: { ...measured(setting, deviceBytes), schema: 1, kind: 'plan' } as Compared['measured'],
  predicted: { peakBytes: 0, activationPeakBytes: 1.1e6, deviceBytes: predicted, kinds: {}, milliseconds: 1 },
  error: predicted / deviceBytes - 1,
});

describe('the settings', () => {
  it('are 24 or more on each backend, each with a name of its own, of models and methods that there are', () => {
    for (const backend of ['wasm', 'node', 'webgpu']) {
      const settings = planSettings(backend);
      expect(settings.length).toBeGreaterThanOrEqual(24);
      expect(new Set(settings.map(nameOf)).size).toBe(settings.length);
      for (const { model, method } of settings) {
        expect(models).toHaveProperty([model]);
        expect(methods).toHaveProperty([method]);
      }
      for (const method of ['conventional', 'checkpoint', 'reversible', 'exact', 'frozen'])
        expect(settings.map((one) => one.method)).toContain(method);
    }
  });

  it('are named by what is unusual about them', () => {
    expect(nameOf({ ...setting, method: 'exact' })).toBe('videomae-w256-d2-t64-b1-exact');
    const unusual = { optimizer: 'sgd', update: 'sink', accumulate: 2, ema: true } as const;
    expect(nameOf({ ...setting, method: 'exact', ...unusual })).toBe(
      'videomae-w256-d2-t64-b1-exact-sgd-sink-accumulate2-ema',
    );
  });
});

describe('a measurement', () => {
  // One a process, as in a sweep: what was measured before stays alive.
  it('is of what was predicted: the meter’s peaks to 1 %, the heap to a step', async () => {
    const one = { ...setting, method: 'exact' };
    const { settings, deviceKind, ...found } = await measurePlan(one);
    const prediction = predictPlan(one);
    expect(settings).toEqual(one);
    expect(deviceKind).toBe('wasm heap');
    for (const name of ['activationPeakBytes', 'peakBytes'] as const)
      expect(Math.abs(prediction[name] / found[name] - 1), name).toBeLessThan(0.01);
    // The heap grows by a fifth at a time, and may be one step off.
    expect(Math.abs(prediction.deviceBytes / found.deviceBytes - 1)).toBeLessThan(0.21);
    const kinds = Object.values(prediction.kinds).reduce((sum, bytes) => sum + bytes, 0);
    expect(kinds / prediction.deviceBytes).toBeGreaterThan(0.5);
    expect(predictPlan({ ...one, batch: 4 }).activationPeakBytes).toBeGreaterThan(1.5 * prediction.activationPeakBytes);
  });

  it('of a segmenter: the meter’s peaks to 1 %', async () => {
    const one = { ...setting, model: 'points-w96-d4-n2048', method: 'exact' };
    const found = await measurePlan(one);
    const prediction = predictPlan(one);
    for (const name of ['activationPeakBytes', 'peakBytes'] as const)
      expect(Math.abs(prediction[name] / found[name] - 1), name).toBeLessThan(0.01);
  });

  it('of a model, a method or a backend that is not there is refused by its name', async () => {
    await expect(measurePlan({ ...setting, model: 'resnet' })).rejects.toThrow('no model resnet');
    await expect(measurePlan({ ...setting, method: 'magic' })).rejects.toThrow('no method magic');
    expect(() => predictPlan({ ...setting, backend: 'abacus' })).toThrow('abacus cannot be planned; known: ');
  });
});

describe('a sweep', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dr2net-bench-plan-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps a file a setting, measures what has none, and predicts all anew', async () => {
    const two = [setting, { ...setting, method: 'exact' }];
    const asked: string[] = [];
    const measure = async (one: PlanSetting) => {
      asked.push(one.method);
      return measured(one, 2 * predictPlan(one).deviceBytes);
    };
    const results = await runPlan(two, { folder, measure });
    expect(results.map(({ error }) => error)).toEqual([-0.5, -0.5]);
    const path = join(folder, `plan-wasm-${nameOf(setting)}.json`);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ schema: 1, kind: 'plan', settings: setting });
    await runPlan(two, { folder, measure });
    expect(asked).toEqual([setting.method, 'exact']);
    await runPlan(two, { folder, measure, again: true });
    expect(asked).toHaveLength(4);
  });

  it('tells what failed, leaves it out, and goes on', async () => {
    const said: string[] = [];
    const measure = async (one: PlanSetting) => {
      if (one.method === 'exact') throw new Error('out of memory');
      return measured(one, 1e7);
    };
    const broken = { ...setting, method: 'exact' };
    const results = await runPlan([broken, setting], { folder, measure, say: (line) => said.push(line) });
    expect(results.map(({ name }) => name)).toEqual([nameOf(setting)]);
    expect(said).toContain(`${nameOf(broken)} failed: out of memory`);
    expect(existsSync(join(folder, `plan-wasm-${nameOf(broken)}.json`))).toBe(false);
  });
});

describe('the table', () => {
  const results = [compared('near', 100e6, 99e6), compared('far', 100e6, 120e6), compared('low', 100e6, 90e6)];

  it('marks what is off by more than 10 %', () => {
    const rows = planTable(results).split('\n');
    expect(rows.find((row) => row.includes('near'))).toMatch(/\+10.0 % .*−1\.0 % .*yes/);
    expect(rows.find((row) => row.includes('far'))).toMatch(/\+20\.0 % .*NO/);
    expect(rows.find((row) => row.includes('low'))).toMatch(/−10\.0 % .*yes/);
  });

  it('has a line with the share, the median and the worst', () => {
    expect(planSummary('wasm', results)).toBe('wasm: 2 of 3 within 10 %, median 10.0 %, worst +20.0 % (far)');
    expect(planSummary('wasm', [])).toBe('wasm: nothing was measured');
  });
});
