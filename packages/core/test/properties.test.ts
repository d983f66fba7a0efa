/** Properties of random runs: gradients against float64 finite differences, methods against each other, rebuilt bits. */
import '@tensorflow/tfjs';
import { expectIdentical, expectNoLeak, expectScaledClose, testBackends } from '@dr2net/testing';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ExactScale, type Method, methodCoefficients, type RunOptions } from '../src/index.ts';
import { networks, reads, thousandths } from './arbitraries.ts';
import { gradientsOf } from './gradients.ts';
import { asSubBlocks, differences, type small } from './small.ts';
import { spied } from './spied.ts';

const coefficient = thousandths(-1.2, 1.2);
const nonZero = coefficient.filter((value) => Math.abs(value) >= 1 / 64);
const upTo = (depth: number, rows: number, width: number) => networks({ depth: { min: 1, max: depth }, rows, width });

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('random runs', () => {
    beforeAll(start);

    test('gradients are those of float64 finite differences, by every method', async () => {
      const property = fc.asyncProperty(upTo(5, 2, 3), coefficient, coefficient, reads, check);
      async function check(net: ReturnType<typeof small>, alpha: number, beta: number, read: 'last' | 'mean') {
        await expectNoLeak(async () => {
          const { subBlocks, x0, shift, cotangent, dispose } = asSubBlocks(net);
          const inverting: Method[] =
            Math.abs(beta) < 0.01 ? [] : [{ name: 'reversible' }, { name: 'exact', verify: true }];
          for (const method of [{ name: 'conventional' }, { name: 'checkpoint' }, ...inverting] as const) {
            const coefficients = methodCoefficients(method, { alpha, beta });
            const found = await gradientsOf(subBlocks, x0, cotangent, { coefficients, method, read, shift });
            const expected = (values: number[], shape: number[]) => ({
              shape,
              data: differences(net, coefficients, read, values),
            });
            const tolerance = { rtol: 1e-4, atol: 1e-5 };
            const name = (what: string) => `${method.name}: ${what}`;
            await expectScaledClose(found.x0!, expected(net.x0, x0.shape), tolerance, name('x0'));
            if (found.shift)
              await expectScaledClose(found.shift, expected(net.shift, x0.shape), tolerance, name('shift'));
            for (const [i, block] of subBlocks.entries())
              for (const [j, key] of (['w', 'b', 'g'] as const).entries()) {
                const parameter = block.parameters[j]!;
                const data = expected(net.weights[i]![key], [...parameter.shape]);
                await expectScaledClose(found.parameters.get(parameter)!, data, tolerance, name(parameter.name));
              }
            found.dispose();
          }
          dispose();
        });
      }
      await fc.assert(property, { numRuns: 12, seed: 1 });
    });

    test('checkpoint gives the bits of conventional; exact rebuilds the bits it made and gives the same gradients', async () => {
      const every = fc.integer({ min: 1, max: 6 });
      const property = fc.asyncProperty(upTo(16, 3, 4), coefficient, nonZero, reads, every, check);
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
      const property = fc.asyncProperty(upTo(16, 3, 4), nonZero, nonZero, reads, anchors, check);
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
