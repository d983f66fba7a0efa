/** What is tried, and what is chosen of it, on networks that are tables of bytes and seconds. */
import { BudgetTooSmallError, MemoryLimitError, type MemoryReport } from '@dr2net/memory';
import type { TooLarge, Trial } from '@dr2net/train';
import { describe, expect, test } from 'vitest';
import { leanerMethods } from './budget.ts';
import { measuredPlan } from './measured.ts';
import type { TrialRun, Trials } from './trials.ts';

const MB = 1e6;
/** Activations of an image in MB, and seconds of one. */
const network = {
  conventional: [100, 1],
  exact: [10, 1.2],
  reversible: [9, 1.5],
  checkpoint: [12, 1.3],
  frozen: [1, 0.3],
} as const;
type Table = Readonly<Record<keyof typeof network, readonly [number, number]>>;
/** Parameters with slots, and gradients. */
const [fixed, gradients] = [30 * MB, 10 * MB];

const report = (peakBytes: number, rest: Partial<MemoryReport> = {}): MemoryReport => ({
  ...{ startBytes: fixed, endBytes: fixed, peakBytes, activationPeakBytes: 0, phases: [], timeline: [] },
  categoriesAtPeak: {},
  ...rest,
});

interface Faked {
  readonly table?: Table;
  /** What the device has, in bytes. */
  readonly has?: number;
  /** Of a heap that never shrinks. */
  readonly heap?: number;
}

function fake({ table = network, has = Number.POSITIVE_INFINITY, heap }: Faked = {}) {
  const tried: string[] = [];
  let grown = heap ?? 0;
  const trials: Trials = {
    words: { samples: 'images', less: 'fewer pixels' },
    async try(batch, { method, update, accumulate = 1, limit = Number.POSITIVE_INFINITY }): Promise<Trial | TooLarge> {
      const [each, seconds] = table[method.name];
      tried.push(`${method.name} ${batch}×${accumulate}${update === 'sink' ? ' sink' : ''}`);
      const activationPeakBytes = each * batch * MB;
      const held = update === 'sink' ? 0 : gradients;
      const peak = fixed + held + activationPeakBytes;
      const before = grown;
      grown = Math.max(grown, 1.2 * Math.min(peak, limit));
      if (peak > has) return { fits: false, reason: new Error('out of memory') };
      if (peak > limit) return { fits: false, reason: new MemoryLimitError(limit + 1, limit) };
      return {
        fits: true,
        seconds: seconds * batch * accumulate,
        grew: grown > before,
        memory: report(peak, {
          ...{ activationPeakBytes, categoriesAtPeak: { variables: fixed, gradients: held } },
          ...(heap !== undefined && {
            device: { kind: 'wasm heap', startBytes: before, peakBytes: grown, endBytes: grown },
          }),
        }),
      };
    },
  };
  return { trials, tried };
}

const run: TrialRun = {
  coefficients: { alpha: 63 / 64, beta: 1 / 64 },
  batch: 4,
  split: true,
  training: { accumulate: 1, update: 'collect', chunks: 1, clip: false },
};

async function planned(budget: number, { trials, tried }: ReturnType<typeof fake>, change: Partial<TrialRun> = {}) {
  const told: string[] = [];
  const steps = measuredPlan(trials, { ...run, ...change }, budget * MB);
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return { plan: value, chosen: value.chosen.choice, tried, told };
    told.push(value);
  }
}

describe('where the plainest setting fits', () => {
  test('the search ends with it, after the leanest and what tells that it may fit', async () => {
    const { chosen, tried, told } = await planned(500, fake());
    expect(chosen).toMatchObject({ method: { name: 'conventional' }, batch: 4, accumulate: 1, update: 'collect' });
    expect(tried).toEqual(['exact 1×4', 'conventional 1×4', 'conventional 4×1']);
    expect(told).toEqual([
      'memory trial: exact, 4 parts a step, 1 image at a time: 50.0 MB, 4.8 s a step',
      'memory trial: conventional, 4 parts a step, 1 image at a time: 140 MB, 4.0 s a step',
      'memory trial: conventional, 4 images at a time: 440 MB, 4.0 s a step',
    ]);
  });

  test('of batches that stay as they are it needs fewer, and leaves what to step down to', async () => {
    const { plan, tried } = await planned(500, fake(), { split: false });
    expect(tried).toEqual(['exact 4×1 sink', 'conventional 4×1 sink', 'conventional 4×1']);
    expect(leanerMethods(plan)).toEqual([]);
    const clipped = { ...run.training, clip: true };
    const other = await planned(500, fake(), { split: false, training: clipped });
    expect(other.tried).toEqual(['exact 4×1', 'conventional 4×1']);
    expect(leanerMethods(other.plan)).toEqual([{ name: 'exact' }]);
  });
});

describe('where it does not', () => {
  test('exact is chosen where it is about as fast and leaner', async () => {
    const { chosen, tried } = await planned(250, fake());
    expect(chosen).toMatchObject({ method: { name: 'exact' }, batch: 4, accumulate: 1 });
    // Conventional with the gradients in the sink, or with all four images, cannot fit.
    expect(tried.filter((one) => one.startsWith('conventional'))).toEqual(['conventional 1×4', 'conventional 2×2']);
  });

  test('the fastest where exact is slow', async () => {
    const table = { ...network, exact: [10, 2] } as const;
    expect((await planned(250, fake({ table }))).chosen).toMatchObject({
      ...{ method: { name: 'conventional' }, batch: 2, accumulate: 2 },
    });
  });

  test('parts, or the sink, where nothing else fits; the plainest shape of a method, whatever a clock says', async () => {
    expect((await planned(75, fake())).chosen).toMatchObject({ batch: 4, update: 'sink' });
    expect((await planned(61, fake())).chosen).toMatchObject({ batch: 2, accumulate: 2 });
    expect((await planned(52, fake())).chosen).toMatchObject({ batch: 1, accumulate: 4 });
  });

  test('only the method that was asked for', async () => {
    const { chosen, tried } = await planned(70, fake(), { method: { name: 'checkpoint' } });
    expect(chosen).toMatchObject({ method: { name: 'checkpoint' }, batch: 2 });
    expect(tried).toEqual(['checkpoint 1×4', 'checkpoint 2×2']);
  });

  test('β = 0 cannot be inverted', async () => {
    const { tried } = await planned(60, fake(), { coefficients: { alpha: 1, beta: 0 } });
    expect(tried.some((one) => /exact|reversible/.test(one))).toBe(false);
  });
});

describe('a budget that nothing fits', () => {
  test('is refused with the leanest of what was measured', async () => {
    const attempt = planned(40, fake(), { batch: 1, training: { ...run.training, clip: true } });
    await expect(attempt).rejects.toThrow(BudgetTooSmallError);
    await expect(attempt).rejects.toThrow(
      /^Nothing fits 40.0 MB: the leanest setting \(reversible, batch 1\) needs 49.0 MB, 9.00 MB .*take fewer pixels/,
    );
  });

  test('and on a device that has not enough for anything, with what was tried', async () => {
    const attempt = planned(100, fake({ has: 20 * MB }), { method: { name: 'exact' }, batch: 1 });
    await expect(attempt).rejects.toThrow(
      /too little memory for every setting that was tried \(exact, gradients in the sink, 1 image at a time; the last: out of memory\)/,
    );
  });
});

test('too little memory of the device means that a setting does not fit', async () => {
  const { chosen } = await planned(500, fake({ has: 100 * MB }));
  expect(chosen).toMatchObject({ method: { name: 'exact' }, batch: 4 });
});

test('a heap that a stopped trial has grown says nothing of the trials after it, one within the budget does', async () => {
  const after = await planned(90, fake({ heap: 1 }));
  // Stopped at 90 MB, which the heap outgrew; exact needs 80 MB of it.
  expect(after.chosen).toMatchObject({ method: { name: 'exact' }, batch: 4 });
  expect(after.plan.chosen.needBytes).toBe(80 * MB);
  const large = await planned(600, fake({ heap: 560 * MB }));
  expect(large.plan.chosen).toMatchObject({ needBytes: 560 * MB, choice: { method: { name: 'conventional' } } });
});
