/** The choice under a budget, on a model made of one matrix a sub-block. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BudgetTooSmallError,
  type Candidate,
  choosePlan,
  dryClassifier,
  dryLinear,
  type MemoryModel,
  type MemorySetting,
  plannedAll,
  stepWork,
} from '../../src/index.ts';

const width = 256;
const tokens = 512;

/** Stem, sub-blocks and head are a linear layer each. */
function toy(subBlocks: number): MemoryModel {
  return {
    words: { samples: 'samples', less: 'fewer tokens' },
    ...{ title: 'a toy', subBlocks, stateSize: tokens * width, parameterCount: (subBlocks + 2) * width * width },
    arithmetic: {
      subBlocks: subBlocks * tokens * width * width,
      rest: tokens * width * width,
    },
    build(engine, family, { batch }) {
      const size = width * width;
      const parameters = Array.from({ length: subBlocks + 2 }, () => ({
        ...{ size, shape: [width, width], trainable: true },
        tensor: engine.within('parameters', () => engine.upload(size)),
      }));
      const layers = parameters.map((weight) => dryLinear(engine, family, { weight, bias: null }));
      const [stem, head] = [layers[0]!, layers.at(-1)!];
      return dryClassifier(engine, {
        parameters,
        headParameters: new Set([parameters.at(-1)!]),
        stem: {
          apply: stem.apply,
          trace(x) {
            const { value, pullback } = stem.trace(x);
            return { value, pullback, parametersOnly: (dy, sink) => engine.free(pullback(dy, sink)) };
          },
        },
        subBlocks: layers.slice(1, -1),
        norm: null,
        head,
        pixels: batch * tokens * width,
        targets: batch,
      });
    },
  };
}

const training: MemorySetting['training'] = {
  ...{ optimizer: 'adamw', decay: true, update: 'collect', accumulate: 1, chunks: 1, clip: false, ema: false },
};
const exactly = { alpha: 63 / 64, beta: 1 / 64 };

function candidates(batch: number): Candidate<string>[] {
  const methods: MemorySetting['method'][] = [
    { name: 'conventional' },
    { name: 'exact', verify: false },
    { name: 'checkpoint', every: 1 },
    { name: 'checkpoint', every: 3 },
  ];
  return methods.flatMap((method) =>
    (['collect', 'sink'] as const).map((update) => {
      const name = 'every' in method ? `${method.name} ${method.every}` : method.name;
      const setting: MemorySetting = {
        ...{ method, coefficients: exactly, read: 'last', batch, backend: 'cpu' },
        sideWords: (elements) => Math.ceil((6 * elements) / 32),
        training: { ...training, update },
      };
      return { choice: method.name, title: `${name}, ${update}`, setting };
    }),
  );
}

const prefersExact = ({ choice }: { readonly choice: string }) => choice === 'exact';

describe('choosePlan', () => {
  const model = toy(24);
  const all = plannedAll(model, candidates(4));

  test('takes the plainest where everything fits', () => {
    expect(choosePlan(all, 1e12, model.words, prefersExact).chosen.title).toBe('conventional, collect');
  });

  test('takes exact where conventional does not fit and exact is leaner than what is faster', () => {
    const conventional = Math.min(
      ...all.filter(({ choice }) => choice === 'conventional').map((plan) => plan.needBytes),
    );
    expect(choosePlan(all, conventional - 1, model.words, prefersExact).chosen.choice).toBe('exact');
  });

  test('prefers, though the fastest of all fits, where a faster one was left out', () => {
    const known = all.filter(({ choice }) => choice !== 'conventional');
    const checkpoint = known.toSorted((a, b) => a.relativeTime - b.relativeTime)[0]!;
    expect(checkpoint.choice).toBe('checkpoint');
    const exact = known.find(({ choice }) => choice === 'exact')!;
    const settings = [checkpoint, { ...exact, needBytes: checkpoint.needBytes - 1 }];
    expect(choosePlan(settings, 1e12, model.words, prefersExact).chosen).toBe(checkpoint);
    expect(choosePlan(settings, 1e12, model.words, prefersExact, true).chosen.choice).toBe('exact');
  });

  test.each([2, 4, 24])(
    '%d sub-blocks: never takes what another beats in time and memory; descends to ever leaner ones',
    (depth) => {
      const model = toy(depth);
      const all = plannedAll(model, candidates(4));
      const needs = all.map(({ needBytes }) => needBytes);
      const budgets = fc.integer({ min: Math.min(...needs), max: Math.max(...needs) + 1000 });
      fc.assert(
        fc.property(budgets, (budget) => {
          const { chosen, leaner } = choosePlan(all, budget, model.words, prefersExact);
          expect(chosen.needBytes).toBeLessThanOrEqual(budget);
          const time = stepWork(model, chosen.setting);
          for (const other of all)
            if (other.needBytes <= chosen.needBytes)
              expect(stepWork(model, other.setting)).toBeGreaterThanOrEqual(time);
          let need = chosen.needBytes;
          for (const step of leaner) {
            expect(step.needBytes).toBeLessThan(need);
            need = step.needBytes;
          }
          expect(need).toBe(Math.min(...needs));
        }),
        { numRuns: 30 },
      );
    },
  );

  test('refuses a budget that nothing fits, with the leanest and what it lacks', () => {
    const least = Math.min(...all.map(({ needBytes }) => needBytes));
    const attempt = () => choosePlan(all, least - 1000, model.words, prefersExact);
    expect(attempt).toThrow(BudgetTooSmallError);
    expect(attempt).toThrow(/Nothing fits .*: the leanest setting \(.*, batch 4\) needs .*\(1000 bytes\) more/);
    try {
      attempt();
    } catch (error) {
      expect((error as BudgetTooSmallError).lacksBytes).toBe(1000);
    }
  });
});

test('work: forward 1, pullback 2, one more forward to rebuild, up to another between kept states', () => {
  const model = { ...toy(12), arithmetic: { subBlocks: 1e12, rest: 0 } };
  const { training, ...setting } = candidates(1)[0]!.setting;
  const work = (method: MemorySetting['method'], chunks = 1) =>
    stepWork(model, { ...setting, training: { ...training, chunks }, method }) / 1e12;
  expect(work({ name: 'frozen' })).toBeCloseTo(1, 2);
  expect(work({ name: 'conventional' })).toBeCloseTo(3, 2);
  expect(work({ name: 'checkpoint', every: 1 })).toBeCloseTo(4, 2);
  expect(work({ name: 'checkpoint', every: 4 })).toBeCloseTo(4.75, 2);
  expect(work({ name: 'reversible', anchors: [], sampled: true })).toBeCloseTo(4, 2);
  expect(work({ name: 'exact', verify: false })).toBeCloseTo(4, 2);
  expect(work({ name: 'exact', verify: false }, 8)).toBeCloseTo(4, 1);
  expect(work({ name: 'exact', verify: false }, 8)).toBeGreaterThan(work({ name: 'exact', verify: false }));
  expect(work({ name: 'conventional' }, 8)).toBeCloseTo(4, 1);
});
