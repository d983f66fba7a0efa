/** `reversible` with anchors that place themselves: prediction, placement, what is measured, what is refused. */
import '@tensorflow/tfjs';
import { Meter } from '@dr2net/memory';
import { discard, trainingContext } from '@dr2net/ops';
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { gradientError, randomTransformer } from '@dr2net/testing/float64';
import { add, mul, setBackend, sin } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  AnchorControl,
  type Coefficients,
  CoefficientsError,
  fromFunction,
  inverseAmplification,
  type Method,
  MethodError,
  methodCoefficients,
  planAnchors,
  predictGradientError,
  RebuildError,
  ToleranceError,
  traceRun,
} from '../src/index.ts';
import { betas, thousandths } from './arbitraries.ts';
import { gradientsOf } from './gradients.ts';
import { asStack, truthOf } from './random-stack.ts';
import { asSubBlocks, small } from './small.ts';

const plain: Method = { name: 'reversible', anchors: 0, tolerance: Number.POSITIVE_INFINITY };
const alpha = thousandths(-1, 1);
const coefficients = fc.record({ alpha, beta: betas });

describe('the amplification of the inverse', () => {
  test.each([
    [0, 1, 24, 1],
    [1, 0.1, 24, (2 / (Math.sqrt(1.4) - 1)) ** 24],
    [0.4, 0.7, 24, (2 / (Math.sqrt(2.96) - 0.4)) ** 24],
    // Complex roots: |β|^{−1/2} a sub-block.
    [1, -0.5, 24, 0.5 ** -12],
    [1, -1, 24, 1],
    [1.5, -0.5, 24, 2 ** 24],
  ])('at (%d, %d) over %d sub-blocks grows as the roots have it', (a, b, n, growth) => {
    const found = inverseAmplification({ alpha: a, beta: b }, n);
    // The norm is that of the largest root times a factor that does not depend on depth.
    expect(found / growth).toBeGreaterThan(0.9);
    expect(found / growth).toBeLessThan(6);
  });

  test('is the largest stretch of any pair, for any (α, β)', () => {
    const angles = Array.from({ length: 2000 }, (_, k) => (Math.PI * k) / 2000);
    fc.assert(
      fc.property(coefficients, fc.integer({ min: 0, max: 12 }), ({ alpha, beta }, n) => {
        const stretch = angles.map((angle) => {
          let [after, now] = [Math.cos(angle), Math.sin(angle)];
          for (let i = 0; i < n; i++) [after, now] = [now, (after - alpha * now) / beta];
          return Math.hypot(after, now);
        });
        const found = inverseAmplification({ alpha, beta }, n);
        const most = Math.max(...stretch);
        expect(found).toBeGreaterThanOrEqual(most * (1 - 1e-9));
        // The finest angle may be missed where the map is nearly of rank one.
        expect(most).toBeGreaterThan(0.99 * found);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

describe('placement', () => {
  test('keeps the tolerance, with the fewest pairs that do', () => {
    const subsets = (n: number, count: number): number[][] =>
      count === 0
        ? [[]]
        : Array.from({ length: n }, (_, i) => subsets(i, count - 1).map((rest) => [...rest, i])).flat();
    fc.assert(
      fc.property(coefficients, fc.integer({ min: 1, max: 7 }), fc.integer({ min: -7, max: -1 }), (c, n, exponent) => {
        const tolerance = 10 ** exponent;
        const positions = planAnchors(c, n, tolerance);
        expect(predictGradientError(c, n, positions)).toBeLessThanOrEqual(tolerance);
        expect([...new Set(positions)].sort((a, b) => a - b)).toEqual(positions);
        if (positions.length > 0)
          for (const fewer of subsets(n, positions.length - 1))
            expect(predictGradientError(c, n, fewer)).toBeGreaterThan(tolerance);
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  test('never needs more than every second sub-block, and a larger factor never fewer', () => {
    fc.assert(
      fc.property(coefficients, fc.integer({ min: 1, max: 64 }), (c, n) => {
        const all = planAnchors(c, n, 1e-12);
        expect(all.length).toBeLessThanOrEqual(Math.ceil(n / 2));
        expect(predictGradientError(c, n, all)).toBe(0);
        const counts = [1, 2, 8, 64].map((factor) => planAnchors(c, n, 1e-5, factor).length);
        expect(counts).toEqual([...counts].sort((a, b) => a - b));
        expect(planAnchors(c, n, Number.POSITIVE_INFINITY)).toEqual([]);
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});

describe('refuses, naming the value and what would do', () => {
  const at = { alpha: 0.5, beta: 0.5 };
  const reversible = (options: object): Method => ({ name: 'reversible', ...options }) as Method;

  test.each([0, -1, NaN])('a tolerance of %d', (tolerance) => {
    expect(() => methodCoefficients(reversible({ tolerance }), at)).toThrow(MethodError);
    expect(() => methodCoefficients(reversible({ tolerance }), at)).toThrow(`tolerance is ${tolerance}`);
  });

  test('anchors that are predicted not to keep the tolerance', () => {
    const attempt = (anchors: number | number[], tolerance?: number) => () =>
      methodCoefficients(reversible({ anchors, ...(tolerance !== undefined && { tolerance }) }), at, 24);
    expect(attempt(0)).toThrow(ToleranceError);
    expect(attempt([4, 8])).toThrow(
      /with 2 anchors the inverse at alpha = 0.5, beta = 0.5 .* of 24 sub-blocks, beyond the tolerance of 0.0000015\. Take anchors: 'auto' \(6 here\) or 6 evenly spaced, the method exact/,
    );
    expect(attempt(6)).not.toThrow();
    expect(attempt(5)).toThrow(ToleranceError);
    expect(attempt(2, 0.01)).not.toThrow();
    expect(attempt(0, Number.POSITIVE_INFINITY)).not.toThrow();
    // Without a number of sub-blocks nothing is known of depth.
    expect(() => methodCoefficients(reversible({ anchors: 0 }), at)).not.toThrow();
    expect(() => methodCoefficients(reversible({}), { alpha: 1, beta: 0 }, 24)).toThrow(CoefficientsError);
  });

  test('a saved control that is none', () => {
    for (const factor of [0, NaN, Infinity])
      expect(() => new AnchorControl({ state: { factor } })).toThrow(`factor is ${factor}`);
  });
});

describe('the control', () => {
  test('tightens at once, relaxes by halves when far below, and is bounded', () => {
    const control = new AnchorControl();
    control.observe(3);
    expect(control.factor).toBe(3);
    control.observe(1);
    expect(control.factor).toBe(3);
    control.observe(0.5);
    expect(control.factor).toBe(1.5);
    for (let k = 0; k < 20; k++) control.observe(0);
    expect(control.factor).toBe(1 / 8);
    control.observe(NaN);
    expect(control.factor).toBe(2 ** 40);
    const resumed = new AnchorControl({ state: JSON.parse(JSON.stringify(control)) });
    expect(resumed.factor).toBe(control.factor);
  });

  test('follows what a run measures: more anchors where F is steeper than predicted, fewer where it does little', async () => {
    await setBackend('cpu');
    const { x0, cotangent, dispose } = asSubBlocks(small(5, 8, 32, []));
    const steps = async (steepness: number, size: number, coefficients: Coefficients, tolerance: number) => {
      const method: Method = { name: 'reversible', tolerance };
      const f = fromFunction('f', (x) => mul(sin(mul(x, steepness)), size));
      const anchors = new AnchorControl();
      const found: { anchors: number | undefined; error: number; factor: number }[] = [];
      for (let step = 0; step < 6; step++) {
        const run = await gradientsOf(new Array(24).fill(f), x0, cotangent, { coefficients, method, anchors });
        run.dispose();
        const { gradientError = Number.NaN } = run.checks;
        found.push({ anchors: run.report.anchors, error: gradientError, factor: anchors.factor });
      }
      return found;
    };
    const steep = await steps(50, 0.1, { alpha: 0.4, beta: 0.7 }, 1e-4);
    expect(steep[0]!.error).toBeGreaterThan(1e-4);
    expect(steep.at(-1)!.anchors).toBeGreaterThan(steep[0]!.anchors!);
    expect(steep.at(-1)!.error).toBeLessThan(1e-4);
    const flat = await steps(0, 0, { alpha: 0, beta: 1 }, 1e-6);
    expect(flat.map(({ factor }) => factor)).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 8, 1 / 8, 1 / 8]);
    expect(flat.at(-1)!.anchors).toBeLessThan(flat[0]!.anchors!);
    dispose();
  });

  test('a sub-block that is not the same again is an error, unless the inverse was asked for as it is', async () => {
    await setBackend('cpu');
    const { x0, cotangent, dispose } = asSubBlocks(small(5, 4, 8, []));
    let calls = 0;
    const noisy = fromFunction('noisy', (x) => add(mul(x, 0), calls++));
    const blocks = new Array(6).fill(noisy);
    const run = (method: Method) =>
      expectNoLeak(() => gradientsOf(blocks, x0, cotangent, { coefficients: { alpha: 0, beta: 1 }, method }));
    await expect(run({ name: 'reversible', tolerance: 0.01 })).rejects.toThrow(RebuildError);
    await expect(run({ name: 'reversible', tolerance: 0.01 })).rejects.toThrow('The method exact with verify');
    (await gradientsOf(blocks, x0, cotangent, { coefficients: { alpha: 0, beta: 1 }, method: plain })).dispose();
    dispose();
  });
});

describe.each(await testBackends(['cpu', 'wasm', 'node']))('transformers on $name', ({ available, start }) => {
  describe.skipIf(!available)('against float64', () => {
    beforeAll(start);

    test.each([
      [0.4, 0.7, 12],
      [0.5, 0.6, 6],
      [0.1, 0.9, 12],
      [1, 0.1, 3],
      [1, -0.5, 6],
    ])('(%d, %d), %d blocks: at most twice the error of float32', async (alpha, beta, depth) => {
      const network = randomTransformer({ seed: 9, depth, tokens: 17, width: 48, heads: 3, batch: 1, gain: 0.6 });
      const blocks = asStack(network);
      const coefficients = { alpha, beta };
      const truth = truthOf(network, coefficients);
      const run = async (method: Method) => {
        const { gradients, report } = await blocks.gradients({ coefficients, method });
        return { error: gradientError(gradients, truth).error, report };
      };
      const own = await run({ name: 'conventional' });
      const auto = await run({ name: 'reversible' });
      expect(auto.error).toBeLessThanOrEqual(2 * own.error);
      if (beta < 0.6) expect((await run(plain)).error).toBeGreaterThan(2 * own.error);
      blocks.dispose();
    });

    test('at (0.4, 0.7) over 24 sub-blocks the activation peak is at most 1.6 times that without anchors', async () => {
      const size = { tokens: 65, width: 48, heads: 3, batch: 2 };
      const blocks = asStack(randomTransformer({ seed: 9, depth: 12, gain: 0.6, ...size }));
      const peak = (method: Method) => {
        const meter = new Meter();
        const before = meter.bytes;
        const options = { coefficients: { alpha: 0.4, beta: 0.7 }, method };
        const { value, pullback } = traceRun(blocks.subBlocks, blocks.x0, trainingContext(1), options);
        pullback(blocks.cotangent, discard).x0?.dispose();
        value.dispose();
        return meter.stop().peakBytes - before;
      };
      const ratio = peak({ name: 'reversible' }) / peak(plain);
      expect(ratio).toBeLessThanOrEqual(1.6);
      blocks.dispose();
    });
  });
});
