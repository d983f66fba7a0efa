import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError } from 'jobs';
import { expect, it } from 'vitest';
import { runSteps } from './run.ts';
import { type MeasuredName, quickSize, type StepMeasurement, type StepSettings } from './settings.ts';
import { stepRows, stepTable } from './table.ts';

const settings = (measured: MeasuredName, depth = 12): StepSettings => ({
  ...quickSize,
  ...{ depth, measured, backend: 'wasm', warmup: 1, repetitions: 3 },
});

/** Times and bytes that follow from the method. */
function fake(given: StepSettings): StepMeasurement {
  const factor = given.measured === 'plain' ? 10 : given.measured === 'exact' ? 1.1 : 1;
  return {
    settings: given,
    backend: { name: 'wasm', device: 'a test', settings: {} },
    parameters: 1000,
    seconds: [3, 1, 2].map((value) => value * factor),
    ...{ loss: 1, gradientNorm: 2, activationPeakBytes: 1e6 * factor, peakBytes: 2e6 * factor },
    device: { kind: 'wasm heap', startBytes: 0, peakBytes: 3e6 },
    growth: { tensors: 0, bytes: 0 },
    ...(given.measured === 'exact' && { rebuiltIdentical: true }),
  };
}

const folder = () => mkdtempSync(join(tmpdir(), 'bench-'));

it('keeps what was measured, and goes on after an interruption or a failure', async () => {
  const results = folder();
  const calls: MeasuredName[] = [];
  const list = [settings('plain'), settings('reversible'), settings('exact')];
  const measure = (stop?: Error) => async (given: StepSettings) => {
    calls.push(given.measured);
    if (stop && given.measured === 'reversible') throw stop;
    return fake(given);
  };
  const interrupted = runSteps(list, { folder: results, measure: measure(new InterruptedError('SIGINT')) });
  await expect(interrupted).rejects.toBeInstanceOf(InterruptedError);
  const partly = await runSteps(list, { folder: results, measure: measure(new Error('no memory')) });
  expect(partly.map((result) => result.settings.measured)).toEqual(['plain', 'exact']);
  expect(await runSteps(list, { folder: results, measure: measure() })).toHaveLength(3);
  expect(calls).toEqual(['plain', 'reversible', 'reversible', 'exact', 'reversible']);
});

it('lets the methods take turns over rounds, and goes on in the middle', async () => {
  const results = folder();
  const calls: MeasuredName[] = [];
  const list = [settings('plain'), settings('exact')];
  const measure = async (given: StepSettings) => {
    calls.push(given.measured);
    return { ...fake(given), seconds: [calls.length] };
  };
  await runSteps(list, { folder: results, measure, rounds: 2 });
  const [plain, exact] = await runSteps(list, { folder: results, measure, rounds: 3 });
  expect(calls).toEqual(['plain', 'exact', 'plain', 'exact', 'plain', 'exact']);
  expect([plain?.seconds, exact?.seconds]).toEqual([
    [1, 3, 5],
    [2, 4, 6],
  ]);
});

it('refuses to compare with what was measured otherwise', async () => {
  const results = folder();
  const measure = async (given: StepSettings) => fake(given);
  await runSteps([settings('plain')], { folder: results, measure });
  const other = { ...settings('plain'), batch: 8 };
  await expect(runSteps([other], { folder: results, measure })).rejects.toThrow('measured with batch 2, not 8');
  expect(await runSteps([other], { folder: results, measure, again: true })).toHaveLength(1);
});

it('takes a longer measurement for a shorter one, and never a shorter for a longer', async () => {
  const results = folder();
  const measure = async (given: StepSettings) => fake(given);
  await runSteps([settings('plain')], { folder: results, measure });
  const shorter = { ...settings('plain'), repetitions: 1 };
  expect((await runSteps([shorter], { folder: results, measure }))[0]?.settings.repetitions).toBe(3);
  const longer = { ...settings('plain'), repetitions: 5 };
  await expect(runSteps([longer], { folder: results, measure })).rejects.toThrow('with repetitions 3, not 5');
});

it('shows medians, and ratios within the same backend and depth only', async () => {
  const list = [settings('plain'), settings('reversible'), settings('exact'), settings('exact', 24)];
  const rows = stepRows(await runSteps(list, { folder: folder(), measure: async (given) => fake(given) }));
  expect(rows[1]).toMatchObject({ median: 2, min: 1, max: 3, time: 0.1, memory: 0.1, toReversible: 1 });
  expect(rows[2]?.toReversible).toBeCloseTo(1.1);
  expect(rows[3]?.time).toBeUndefined();
  const table = stepTable(rows);
  expect(table).toContain(
    '| wasm | 12 | reversible | 2.00 s | 1.00 s … 3.00 s | 0.10 | 1.00 | 1.00 MB | 1/10.0 | 3.00 MB (wasm heap) |',
  );
  expect(table).toContain('rebuilt bit for bit');
  expect(stepTable(rows, { times: false })).toContain(
    '| wasm | 12 | reversible | 1.00 MB | 1/10.0 | 3.00 MB (wasm heap) |',
  );
});

it('cries out when a check fails', async () => {
  const broken = (given: StepSettings) => ({
    ...fake(given),
    rebuiltIdentical: false,
    growth: { tensors: 1, bytes: 4 },
  });
  const rows = stepRows(
    await runSteps([settings('exact')], { folder: folder(), measure: async (given) => broken(given) }),
  );
  expect(rows[0]?.checks).toEqual(['REBUILT STATE DIFFERS', 'GROWS BY 1 TENSORS, 4 BYTES']);
});
