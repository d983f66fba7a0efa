/** `exact` where (α, β) let the states grow: the grid coarsens on the way, the rebuild is bit for bit, gradients are those of float64. */
import '@tensorflow/tfjs';
import { discard, exactGrid, inference, sideWords } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, testBackends } from '@dr2net/testing';
import { gradientError, randomTransformer } from '@dr2net/testing/float64';
import { setBackend } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Coefficients,
  ExactScale,
  finerBits,
  fromFunction,
  type HeadRead,
  type Method,
  methodCoefficients,
  StateRangeError,
  traceRun,
} from '../src/index.ts';
import { networks, reads } from './arbitraries.ts';
import { gradientsOf } from './gradients.ts';
import { asStack, truthOf } from './random-stack.ts';
import { asSubBlocks, type Small, small } from './small.ts';
import { spied } from './spied.ts';

const exact = { name: 'exact', verify: true } as const satisfies Method;
const onGrid = (alpha: number, beta: number) => methodCoefficients(exact, { alpha, beta });
const growing = [onGrid(1, 0.1), onGrid(0.9, 0.2), onGrid(1, 0.25)] as const;

describe('where the grid coarsens', () => {
  test.each([
    [63 / 64, 1 / 64, 200],
    [1, 0.1, 24],
    [1, 0.11, 24],
    [0.9, 0.2, 24],
    [0.7, 0.4, 24],
    [0, 1, 200],
    [1.5, -0.5, 48],
  ])('one grid serves at (%d, %d) and %d sub-blocks', (alpha, beta, n) => {
    expect(finerBits(exact, { alpha, beta }, n)).toEqual(new Array(n).fill(0));
  });

  test('one grid serves where f is given', () => {
    expect(finerBits({ ...exact, fractionBits: 20 }, growing[0], 48)).toEqual(new Array(48).fill(0));
  });

  test('it follows the growth at (1, 0.1)', () => {
    const finer = finerBits(exact, growing[0], 48);
    expect(finer).toHaveLength(48);
    // 1.092⁴⁸ = 68, and twice that by what the branches add; one bit is spared.
    expect(finer[0]).toBe(6);
    expect(finer.slice(-12)).toEqual(new Array(12).fill(0));
  });

  test('it only coarsens, to the last grid, whatever (α, β)', () => {
    const coefficient = fc.double({ min: -4, max: 4, noNaN: true });
    fc.assert(
      fc.property(coefficient, coefficient, fc.integer({ min: 1, max: 600 }), (alpha, beta, n) => {
        const finer = finerBits(exact, { alpha, beta }, n);
        expect(finer).toHaveLength(n);
        expect(finer.at(-1)).toBe(0);
        // No more at a time than the op takes.
        for (const [i, bits] of finer.entries()) expect([0, 1, 2, 3, 4]).toContain(bits - (finer[i + 1] ?? bits));
      }),
      { seed: 1 },
    );
  });
});

/** Bytes of the remainders and of the lost bits. */
function expectedSideBytes(coefficients: Coefficients, n: number, size: number): number {
  const words = sideWords(size, exactGrid(coefficients.alpha, coefficients.beta, { fractionBits: 0 }));
  const finer = finerBits(exact, coefficients, n);
  const lost = finer.slice(1).map((bits, i) => 2 * Math.ceil((size * (finer[i]! - bits)) / 32));
  return 4 * ((n - 1) * words + lost.reduce((sum, count) => sum + count, 0));
}

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('growing runs', () => {
    beforeAll(start);

    test('are rebuilt bit for bit, whatever the shifts and the head read', async () => {
      const network = networks({ depth: { min: 40, max: 64 }, rows: 3, width: 5 });
      async function check(net: Small, coefficients: Coefficients, head: HeadRead) {
        await expectNoLeak(async () => {
          const { subBlocks, x0, shift, cotangent, dispose } = asSubBlocks(net);
          const { spies, seen } = spied(subBlocks);
          const options = { coefficients, method: exact, read: head, shift, scale: new ExactScale() };
          const run = await gradientsOf(spies, x0, cotangent, options);
          expect(run.checks.identical).toBe(true);
          for (const { apply, trace } of seen) expect(trace).toEqual(apply.slice(-1));
          const { firstFractionBits = 0, fractionBits = 0, sideBytes } = run.report;
          expect(firstFractionBits - fractionBits).toBe(finerBits(exact, coefficients, net.places.length)[0]);
          expect(sideBytes).toBe(expectedSideBytes(coefficients, net.places.length, x0.size));
          const ordinary = await gradientsOf(subBlocks, x0, cotangent, {
            ...options,
            method: { name: 'conventional' },
          });
          await expectScaledClose(run.value, ordinary.value, { rtol: 1e-3, atol: 1e-4 }, 'value');
          for (const { dispose } of [run, ordinary]) dispose();
          dispose();
        });
      }
      const property = fc.asyncProperty(network, fc.constantFrom(...growing), reads, check);
      await fc.assert(property, { numRuns: 10, seed: 3, endOnFailure: true });
    });

    // What grows is normalised by each sub-block, as in any transformer: without, gradients are as good as tanh of large numbers.
    test('have gradients as near to float64 as ordinary ones', async () => {
      const size = { heads: 2, width: 24, tokens: 9, batch: 1, gain: 0.6 };
      async function check(seed: number, depth: number, coefficients: Coefficients) {
        const network = randomTransformer({ ...size, seed, depth });
        const blocks = asStack(network);
        const truth = truthOf(network, coefficients);
        const errorOf = async (method: Method) => {
          const { gradients, report } = await blocks.gradients({ coefficients, method });
          if (method.name === 'exact') expect(report.firstFractionBits).toBeGreaterThan(report.fractionBits! + 1);
          return gradientError(gradients, truth, 0.01).error;
        };
        const ordinary = await errorOf({ name: 'conventional' });
        const error = await errorOf(exact);
        blocks.dispose();
        // On one grid it is 3e-6 and more.
        expect(error).toBeLessThan(Math.max(2 * ordinary, 1.5e-6));
      }
      const depth = fc.integer({ min: 20, max: 32 });
      const property = fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), depth, fc.constantFrom(...growing), check);
      await fc.assert(property, { numRuns: 6, seed: 4, endOnFailure: true });
    });
  });
});

describe('what goes wrong in a growing run', () => {
  const n = 40;
  const coefficients = growing[0];
  let network: ReturnType<typeof asSubBlocks>;
  beforeAll(() => setBackend('cpu'));
  beforeEach(() => {
    network = asSubBlocks(small(5, 3, 5, new Array(n).fill(undefined)));
  });
  afterEach(() => network.dispose());

  test.each([2, n - 2])(
    'the state x_%d leaves the range of its own grid: it is named, and every grid gets coarser',
    async (i) => {
      const { subBlocks, x0, cotangent } = network;
      const scale = new ExactScale({ state: { fractionBits: 16 } });
      const finer = finerBits(exact, coefficients, n);
      const f = 16 + finer[i - 1]!;
      const large = fromFunction('large', (x) => x.mul(0).add(1.5 * 2 ** (30 - f)));
      const run = () =>
        gradientsOf(subBlocks.with(i - 1, large), x0, cotangent, { coefficients, method: exact, scale });
      const attempt = expectNoLeak(run);
      await expect(attempt).rejects.toThrow(StateRangeError);
      await expect(attempt).rejects.toThrow(
        new RegExp(`^The state x_${i}, after large, reaches .*±${2 ** (30 - f)} that ${f} fraction bits hold`),
      );
      const again = await run();
      expect(again.report).toMatchObject({ fractionBits: 12, firstFractionBits: 12 + finer[0]! });
      expect(again.checks.identical).toBe(true);
      again.dispose();
    },
  );

  test('nothing is left where the walk back stops before, at and after a coarser grid', async () => {
    const { subBlocks, x0, cotangent } = network;
    const finer = finerBits(exact, coefficients, n);
    const first = finer.findIndex((bits) => bits < finer[0]!);
    for (const stop of [first - 1, first, first + 1, n - 1]) {
      const broken = {
        ...subBlocks[stop]!,
        trace: () => {
          throw new Error('stopped');
        },
      };
      const run = () => {
        const options = { coefficients, method: exact };
        const { value, pullback } = traceRun(subBlocks.with(stop, broken), x0, inference, options);
        value.dispose();
        pullback(cotangent, discard);
      };
      await expect(expectNoLeak(run)).rejects.toThrow(/^stopped$/);
    }
  });

  test('nothing is left of a run whose pullback is not called', async () => {
    await expectNoLeak(() => {
      const options = { coefficients, method: exact };
      const { value, pullback } = traceRun(network.subBlocks, network.x0, inference, options);
      pullback.dispose();
      value.dispose();
    });
  });
});
