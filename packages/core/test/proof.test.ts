/**
 * The claims over their whole range: any depth to 64 sub-blocks, any (α, β) with |β| from 0.01 to 1, seeds, shapes, head reads and
 * shifts. `exact` rebuilds bit for bit, `reversible` with anchors that place themselves keeps its tolerance, and the gradients of both
 * are held against float64.
 */
import '@tensorflow/tfjs';
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { gradientError, type RandomTransformerOptions, randomTransformer, run64 } from '@dr2net/testing/float64';
import { setBackend } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Coefficients,
  defaultTolerance,
  type HeadRead,
  type Method,
  type RunOptions,
  type SubBlock,
} from '../src/index.ts';
import { betas, networks, reads, thousandths } from './arbitraries.ts';
import { gradientsOf } from './gradients.ts';
import { asStack, truthOf as truthOfTransformer } from './random-stack.ts';
import { asSubBlocks, residuals64, type Small } from './small.ts';
import { spied } from './spied.ts';

const deep = networks({ depth: { min: 1, max: 64 }, rows: 4, width: 8 });
const alphas = thousandths(-1, 1);

type RandomSize = Omit<RandomTransformerOptions, 'width' | 'heads'>;

/** Every gradient of the network in float64. */
function truthOf(net: Small, coefficients: Coefficients, read: HeadRead) {
  const numbers = (values: readonly number[]) => Float64Array.from(values);
  const { parameters, x0, shift } = run64({
    ...{ residuals: residuals64(net), places: net.places, read, ...coefficients },
    ...{ x0: numbers(net.x0), shift: numbers(net.shift), cotangent: numbers(net.cotangent) },
  });
  parameters.set('x0', x0);
  if (net.places.some(Boolean)) parameters.set('shift', shift!);
  return parameters;
}

/** A network whose gradients are compared with the true ones. */
function compared(net: Small, read: HeadRead) {
  const { subBlocks, x0, shift, cotangent, dispose } = asSubBlocks(net);
  return {
    subBlocks,
    dispose,
    /** The worst tensor's max|Δ|/max|g|, of one that is at least a hundredth of the network's largest. */
    async error(coefficients: Coefficients, method: Method, blocks: readonly SubBlock[] = subBlocks) {
      const options: RunOptions = { coefficients, method, read, shift };
      const run = await gradientsOf(blocks, x0, cotangent, options);
      const named = [...run.parameters].map(
        ([{ name }, g]) => [name.replace(/^small\d+\./, ''), g.dataSync()] as const,
      );
      const gradients = new Map([...named, ['x0', run.x0!.dataSync()]]);
      if (run.shift) gradients.set('shift', run.shift.dataSync());
      run.dispose();
      const truth = truthOf(net, run.report.coefficients, read);
      return { error: gradientError(gradients, truth, 0.01).error, report: run.report, checks: run.checks };
    },
  };
}

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('up to 64 sub-blocks', () => {
    beforeAll(start);

    test('exact rebuilds bit for bit, and its gradients are the true ones to the rounding of its grid', async () => {
      let fine = 0;
      async function check(net: Small, alpha: number, beta: number, read: HeadRead) {
        await expectNoLeak(async () => {
          const network = compared(net, read);
          const { spies, seen } = spied(network.subBlocks);
          const exact: Method = { name: 'exact', verify: true };
          const { error, report, checks } = await network.error({ alpha, beta }, exact, spies);
          expect(checks.identical).toBe(true);
          // The first of two forward passes measures the range.
          for (const { apply, trace } of seen) expect(trace).toEqual(apply.slice(-1));
          for (const name of ['alpha', 'beta'] as const)
            expect(Math.abs(report.coefficients[name] - { alpha, beta }[name])).toBeLessThanOrEqual(2 ** -16);
          const own = await network.error(report.coefficients, { name: 'conventional' });
          network.dispose();
          // A network that grows by orders of magnitude leaves its first states few bits.
          if (report.fractionBits! < 20) return;
          fine++;
          expect(error).toBeLessThanOrEqual(4 * own.error + 100 * 2 ** -report.fractionBits!);
        });
      }
      await fc.assert(fc.asyncProperty(deep, alphas, betas, reads, check), { numRuns: 30, seed: 5 });
      expect(fine).toBeGreaterThan(20);
    });
  });
});

test('reversible with auto anchors adds about its tolerance to a gradient at most, where F does not normalise', async () => {
  await setBackend('cpu');
  const excesses: number[] = [];
  const tolerances = fc.constantFrom(undefined, 1e-4, 1e-2);
  async function check(net: Small, alpha: number, beta: number, read: HeadRead, allowed?: number) {
    await expectNoLeak(async () => {
      const network = compared(net, read);
      const own = await network.error({ alpha, beta }, { name: 'conventional' });
      const auto: Method = { name: 'reversible', ...(allowed !== undefined && { tolerance: allowed }) };
      const { error } = await network.error({ alpha, beta }, auto);
      network.dispose();
      excesses.push((error - own.error) / (allowed ?? defaultTolerance));
    });
  }
  await fc.assert(fc.asyncProperty(deep, alphas, betas, reads, tolerances, check), { numRuns: 60, seed: 4 });
  // The prediction was fitted to sub-blocks that normalise; these are deep, do not, and may double an error many times.
  expect(Math.max(...excesses)).toBeLessThan(10);
  expect(excesses.filter((excess) => excess <= 1).length).toBeGreaterThanOrEqual(0.95 * excesses.length);
});

test('reversible with auto anchors adds no more than its tolerance to a gradient of a transformer', async () => {
  await setBackend('cpu');
  const sizes = fc.record({
    seed: fc.integer(),
    depth: fc.integer({ min: 1, max: 32 }),
    tokens: fc.integer({ min: 1, max: 6 }),
    batch: fc.integer({ min: 1, max: 2 }),
    gain: fc.constantFrom(0.3, 0.6, 1),
  });
  const tolerances = fc.constantFrom(defaultTolerance, 1e-4, 1e-2);
  const excesses: number[] = [];
  async function check(size: RandomSize, alpha: number, beta: number, tolerance: number) {
    const network = randomTransformer({ ...size, width: 12, heads: 2 });
    const blocks = asStack(network);
    const coefficients = { alpha, beta };
    const truth = truthOfTransformer(network, coefficients);
    const errorOf = async (method: Method) =>
      gradientError((await blocks.gradients({ coefficients, method })).gradients, truth, 0.01).error;
    const own = await errorOf({ name: 'conventional' });
    const auto = await errorOf({ name: 'reversible', tolerance });
    blocks.dispose();
    excesses.push((auto - own) / tolerance);
  }
  await fc.assert(fc.asyncProperty(sizes, alphas, betas, tolerances, check), { numRuns: 40, seed: 4 });
  // A prediction from (α, β) and depth alone: a few are a little beyond.
  expect(Math.max(...excesses)).toBeLessThan(1.5);
  expect(excesses.filter((excess) => excess > 1).length).toBeLessThanOrEqual(1);
});
