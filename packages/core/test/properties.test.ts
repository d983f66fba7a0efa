/** Properties of random runs: gradients against float64 finite differences, methods against each other, rebuilt bits. */
import '@tensorflow/tfjs';
import type { Context } from '@dr2net/ops';
import { expectIdentical, expectNoLeak, expectScaledClose, testBackends } from '@dr2net/testing';
import type { Tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ExactScale, type Method, methodCoefficients, type RunOptions, type SubBlock } from '../src/index.ts';
import { gradientsOf } from './gradients.ts';
import { asSubBlocks, differences, type Place, small } from './small.ts';

const place = fc.constantFrom<Place>(undefined, undefined, 'skip', 'branch');
const network = (depth: { min: number; max: number }, rows: number, width: number) =>
  fc
    .tuple(
      fc.integer(),
      fc.integer({ min: 1, max: rows }),
      fc.integer({ min: 1, max: width }),
      fc.array(place, { minLength: depth.min, maxLength: depth.max }),
    )
    .map(([seed, r, w, places]) => small(seed, r, w, places));
const coefficient = fc.double({ min: -1.2, max: 1.2, noNaN: true }).map((value) => Math.round(value * 1000) / 1000);
const nonZero = coefficient.filter((value) => Math.abs(value) >= 1 / 64);
const read = fc.constantFrom('last' as const, 'mean' as const);

/** Records the bits that each sub-block reads, going forward (`apply`) and back (`trace`). */
function spied(subBlocks: readonly SubBlock[]) {
  const seen = subBlocks.map(() => ({ apply: [] as ArrayLike<number>[], trace: [] as ArrayLike<number>[] }));
  const spies = subBlocks.map((block, i) => ({
    ...block,
    apply(x: Tensor, context: Context) {
      seen[i]!.apply.push(x.dataSync().slice());
      return block.apply(x, context);
    },
    trace(x: Tensor, context: Context) {
      seen[i]!.trace.push(x.dataSync().slice());
      return block.trace(x, context);
    },
  }));
  return { spies, seen };
}

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('random runs', () => {
    beforeAll(start);

    test('conventional gradients are those of float64 finite differences', async () => {
      const property = fc.asyncProperty(network({ min: 1, max: 5 }, 2, 3), coefficient, coefficient, read, check);
      async function check(net: ReturnType<typeof small>, alpha: number, beta: number, headRead: 'last' | 'mean') {
        await expectNoLeak(async () => {
          const { subBlocks, x0, shift, cotangent, dispose } = asSubBlocks(net);
          const coefficients = { alpha, beta };
          const options = { coefficients, method: { name: 'conventional' }, read: headRead, shift } as const;
          const found = await gradientsOf(subBlocks, x0, cotangent, options);
          const expected = (values: number[], shape: number[]) => ({
            shape,
            data: differences(net, coefficients, headRead, values),
          });
          const tolerance = { rtol: 1e-4, atol: 1e-5 };
          await expectScaledClose(found.x0!, expected(net.x0, x0.shape), tolerance, 'x0');
          if (found.shift) await expectScaledClose(found.shift, expected(net.shift, x0.shape), tolerance, 'shift');
          for (const [i, block] of subBlocks.entries())
            for (const [j, key] of (['w', 'b', 'g'] as const).entries()) {
              const parameter = block.parameters[j]!;
              const data = expected(net.weights[i]![key], [...parameter.shape]);
              await expectScaledClose(found.parameters.get(parameter)!, data, tolerance, parameter.name);
            }
          found.dispose();
          dispose();
        });
      }
      await fc.assert(property, { numRuns: 12, seed: 1 });
    });

    test('checkpoint gives the bits of conventional; exact rebuilds the bits it made and gives the same gradients', async () => {
      const every = fc.integer({ min: 1, max: 6 });
      const property = fc.asyncProperty(network({ min: 1, max: 16 }, 3, 4), coefficient, nonZero, read, every, check);
      async function check(
        net: ReturnType<typeof small>,
        alpha: number,
        beta: number,
        headRead: 'last' | 'mean',
        segment: number,
      ) {
        await expectNoLeak(async () => {
          const { subBlocks, x0, shift, cotangent, dispose } = asSubBlocks(net);
          const exact: Method = { name: 'exact', verify: true };
          const coefficients = methodCoefficients(exact, { alpha, beta });
          const run = (method: Method, blocks = subBlocks, more: Partial<RunOptions> = {}) =>
            gradientsOf(blocks, x0, cotangent, { coefficients, method, read: headRead, shift, ...more });

          const conventional = await run({ name: 'conventional' });
          const checkpoint = await run({ name: 'checkpoint', every: segment });
          await expectIdentical(checkpoint.value, conventional.value);
          await expectIdentical(checkpoint.x0!, conventional.x0!);
          for (const [parameter, gradient] of conventional.parameters)
            await expectIdentical(checkpoint.parameters.get(parameter)!, gradient, parameter.name);

          const { spies, seen } = spied(subBlocks);
          const rebuilt = await run(exact, spies, { scale: new ExactScale({ state: { fractionBits: 18 } }) });
          expect(rebuilt.checks.identical).toBe(true);
          for (const { apply, trace } of seen) expect(trace).toEqual(apply);
          const tolerance = { rtol: 1e-3, atol: 1e-4 };
          await expectScaledClose(rebuilt.value, conventional.value, tolerance, 'value');
          await expectScaledClose(rebuilt.x0!, conventional.x0!, tolerance, 'x0');
          if (conventional.shift) await expectScaledClose(rebuilt.shift!, conventional.shift, tolerance, 'shift');
          for (const [parameter, gradient] of conventional.parameters)
            await expectScaledClose(rebuilt.parameters.get(parameter)!, gradient, tolerance, parameter.name);
          for (const gradients of [conventional, checkpoint, rebuilt]) gradients.dispose();
          dispose();
        });
      }
      await fc.assert(property, { numRuns: 25, seed: 2 });
    });

    test('reversible agrees with conventional where its anchors say that the rebuild is good', async () => {
      const anchors = fc.oneof(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 6 }),
      );
      const property = fc.asyncProperty(network({ min: 1, max: 16 }, 3, 4), nonZero, nonZero, read, anchors, check);
      async function check(
        net: ReturnType<typeof small>,
        alpha: number,
        beta: number,
        headRead: 'last' | 'mean',
        where: number | number[],
      ) {
        await expectNoLeak(async () => {
          const { subBlocks, x0, shift, cotangent, dispose } = asSubBlocks(net);
          const n = subBlocks.length;
          const positions =
            typeof where === 'number' ? Math.round(where * (n - 1)) : [0, ...where.map((at) => Math.floor(at * n))];
          const options = { coefficients: { alpha, beta }, read: headRead, shift };
          const conventional = await gradientsOf(subBlocks, x0, cotangent, {
            ...options,
            method: { name: 'conventional' },
          });
          const rebuilt = await gradientsOf(subBlocks, x0, cotangent, {
            ...options,
            method: { name: 'reversible', anchors: positions, tolerance: Number.POSITIVE_INFINITY },
          });
          await expectIdentical(rebuilt.value, conventional.value);
          const worst = rebuilt.checks.worstAnchorError;
          if (Array.isArray(positions) && n > 1) expect(worst).toBeGreaterThanOrEqual(0);
          // With an anchor at 0 every rebuilt stretch ends at a stored state.
          if (Array.isArray(positions) && worst !== undefined && worst < 1e-5)
            await expectScaledClose(rebuilt.x0!, conventional.x0!, { rtol: 5e-3, atol: 1e-3 }, 'x0');
          conventional.dispose();
          rebuilt.dispose();
          dispose();
        });
      }
      await fc.assert(property, { numRuns: 25, seed: 3 });
    });
  });
});
