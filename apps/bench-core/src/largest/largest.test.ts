/** The search, its proof by real steps, and what is written of it. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLargest } from '../node/files.ts';
import { type LargestOptions, runLargest } from '../node/largest.ts';
import { benchReport } from '../report/report.ts';
import { ResultError } from '../result.ts';
import { searchLargest } from './find.ts';
import { type Proof, type ProofOrder, prove } from './prove.ts';
import { checkLargest, largestRows } from './result.ts';
import { bisect, findLargest, type LargestSettings, predictedBytes, sizeAt } from './search.ts';

const settings: LargestSettings = {
  backend: 'wasm',
  method: 'exact',
  axis: 'batch',
  limitBytes: 4e7,
  width: 48,
  heads: 3,
};

describe('the search', () => {
  it('finds the last that fits, of any growing function', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 50 }), (last, slope) => {
        const found = bisect((count) => slope * count, slope * last + slope / 2, 256);
        expect(found.count).toBe(Math.min(last, 256));
        expect(found.bound).toBe(last >= 256);
        expect(found.predictedBytes).toBe(slope * found.count);
      }),
    );
  });

  it('finds more for methods that keep less, and the next size is predicted not to fit', () => {
    const counts = (['conventional', 'checkpoint', 'reversible'] as const).map((method) => {
      const own = { ...settings, method, axis: 'depth' as const };
      const { count, predictedBytes: bytes } = findLargest(own);
      expect(bytes).toBeLessThanOrEqual(own.limitBytes);
      expect(predictedBytes(own, sizeAt(own, count + 1))).toBeGreaterThan(own.limitBytes);
      return count;
    });
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(new Set(counts).size).toBe(3);
    expect(findLargest({ ...settings, limitBytes: 1e6 }).count).toBe(0);
  });

  it('refuses a backend that cannot be planned', () => {
    expect(() => findLargest({ ...settings, backend: 'abacus' })).toThrow('abacus cannot be predicted; known: ');
  });
});

describe('a proof', () => {
  it('is two real steps, and none where they would take too long', async () => {
    const order: ProofOrder = { ...settings, axis: 'depth', count: 1, seconds: 1000 };
    const { ran, device } = await prove(order);
    expect(device).toContain('WebAssembly');
    expect(ran?.loss).toBeGreaterThan(0);
    expect(ran?.peakBytes).toBeGreaterThan(1e6);
    expect(await prove({ ...order, seconds: 0 })).not.toHaveProperty('ran');
  });
});

describe('a run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dr2net-largest-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const orders: ProofOrder[] = [];
  /** The device takes so many times what was predicted. */
  const device =
    (factor: number) =>
    async (order: ProofOrder): Promise<Proof> => {
      orders.push(order);
      const peakBytes = factor * predictedBytes(order, sizeAt(order, order.count));
      return { device: 'a test', estimatedSeconds: 1, ran: { kind: 'bytes', peakBytes, stepSeconds: 1, loss: 2 } };
    };
  const say = () => {};
  const by = (proof: (order: ProofOrder) => Promise<Proof>, signal?: AbortSignal): LargestOptions => ({
    ...{ folder, say, ...(signal && { signal }) },
    search: (one) =>
      searchLargest(one, { proveSeconds: 1, find: findLargest, prove: proof, say, ...(signal && { signal }) }),
  });
  const options = (factor: number) => by(device(factor));

  it('goes down where more was taken than predicted, and keeps its file', async () => {
    orders.length = 0;
    const [result] = await runLargest([settings], options(1.2));
    expect(result?.tooLarge.length).toBeGreaterThan(0);
    expect(result?.ran?.peakBytes).toBeLessThanOrEqual(settings.limitBytes);
    const tried = orders.length;
    expect(await runLargest([settings], options(1))).toEqual([result]);
    expect(orders).toHaveLength(tried);
    expect(readdirSync(folder)).toEqual(['largest-wasm-40MB-batch-w48-exact.json']);
  });

  it('tells what failed and what stays a prediction, in rows and in the report', async () => {
    const failing = by(() => Promise.reject(new Error('the device is lost')));
    const unproven = by(async () => ({ device: 'a test', estimatedSeconds: 1e6 }));
    const results = [
      ...(await runLargest([settings], failing)),
      ...(await runLargest([{ ...settings, method: 'conventional' }], unproven)),
      ...(await runLargest([{ ...settings, method: 'frozen', limitBytes: 1e6 }], unproven)),
    ];
    expect(largestRows(results).map((row) => row.at(-1))).toEqual([
      'FAILED: the device is lost',
      'not run: it would take too long',
      '–',
    ]);
    const page = benchReport([], { largest: results });
    expect(page).toContain('The largest that fits');
    expect(page).toContain(', predicted');
    expect(page).not.toContain('All figures');
    // Where it was made, though nothing else was measured.
    expect(page).toContain(results[0]?.machine.processor);
  });

  it('ends with the reason of an interruption, and writes no file', async () => {
    const controller = new AbortController();
    const stop = async () => {
      controller.abort(new Error('by the user'));
      throw new Error('the process was ended');
    };
    await expect(runLargest([settings], by(stop, controller.signal))).rejects.toThrow('by the user');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('reads what a page gave for download', async () => {
    const results = await runLargest([settings], options(1));
    writeFileSync(
      join(folder, 'largest-page.json'),
      JSON.stringify({ schema: 2, kind: 'bench-largest-table', results }),
    );
    expect(readLargest(folder)).toEqual([...results, ...results]);
  });

  it('refuses a broken file', async () => {
    writeFileSync(join(folder, 'largest-wasm-40MB-batch-w48-exact.json'), '{"schema": 2, "kind": "bench-largest"}');
    await expect(runLargest([settings], options(1))).rejects.toThrow(ResultError);
    expect(() => checkLargest(null, 'x.json')).toThrow('x.json is no result of `pnpm bench largest`');
  });
});
