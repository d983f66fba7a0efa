/** What the methods promise besides gradients: bits at (1, 0), the same masks, the amplification of errors, the choice of grids. */
import '@tensorflow/tfjs';
import { type Context, discard, dropoutMask, inference, Parameter, trainingContext } from '@dr2net/ops';
import { expectClose, expectIdentical, expectNoLeak } from '@dr2net/testing';
import { add, matMul, mul, setBackend, type Tensor, tanh, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  applyRun,
  chooseFractionBits,
  ExactScale,
  fromFunction,
  type Method,
  measureRange,
  methodCoefficients,
  runStates,
  StateRangeError,
  snappedInWords,
  traceRun,
} from '../src/index.ts';
import { gradientsOf } from './gradients.ts';
import { asSubBlocks, numbers, small } from './small.ts';

let network: ReturnType<typeof asSubBlocks>;

beforeAll(() => setBackend('cpu'));
beforeEach(() => {
  network = asSubBlocks(small(11, 4, 8, new Array(24).fill(undefined)));
});
afterEach(() => network.dispose());

test.each(['conventional', 'checkpoint', 'frozen', 'reversible', 'exact'] as const)(
  'at (1, 0) the applied run is the residual network bit for bit (%s)',
  async (name) => {
    await expectNoLeak(async () => {
      const { subBlocks, x0 } = network;
      let x: Tensor = x0.clone();
      for (const block of subBlocks) {
        const f = block.apply(x, inference);
        const next = add(x, f);
        for (const tensor of [x, f]) tensor.dispose();
        x = next;
      }
      const options = { coefficients: { alpha: 1, beta: 0 }, method: { name } };
      const applied = applyRun(subBlocks, x0, inference, options);
      await expectIdentical(applied, x);
      for (const tensor of [x, applied]) tensor.dispose();
    });
  },
);

test('the traced value, the applied one and the states agree; for exact to the rounding of the grid', async () => {
  await expectNoLeak(async () => {
    const { subBlocks, x0 } = network;
    const coefficients = { alpha: 0.3, beta: 0.6 };
    const states = runStates(subBlocks, x0, inference, { coefficients, method: { name: 'reversible' } });
    expect(states).toHaveLength(25);
    await expectIdentical(states[0]!, x0);
    for (const name of ['conventional', 'checkpoint', 'frozen', 'reversible'] as const) {
      const { value, pullback } = traceRun(subBlocks, x0, inference, { coefficients, method: { name } });
      const applied = applyRun(subBlocks, x0, inference, { coefficients, method: { name } });
      await expectIdentical(value, states[24]!);
      await expectIdentical(applied, states[24]!);
      pullback.dispose();
      for (const tensor of [value, applied]) tensor.dispose();
    }
    const exact = { coefficients, method: { name: 'exact', fractionBits: 24 } } as const;
    const { value, pullback, report } = traceRun(subBlocks, x0, inference, exact);
    const applied = applyRun(subBlocks, x0, inference, exact);
    await expectClose(value, applied, { rtol: 0, atol: 1e-5 });
    expect(report).toMatchObject({ fractionBits: 24, coefficients: methodCoefficients(exact.method, coefficients) });
    pullback.dispose();
    for (const tensor of [value, applied, ...states]) tensor.dispose();
  });
});

test('a rebuild draws the masks of the forward pass, another step draws others', async () => {
  await expectNoLeak(async () => {
    const seeds: number[] = [];
    const masked = fromFunction('masked', (x, _, context: Context) => {
      seeds.push(context.seed);
      return mul(tanh(x), dropoutMask(x.shape, 0.5, context.child('dropout').seed));
    });
    const { x0, cotangent } = network;
    const subBlocks = new Array(8).fill(masked);
    const coefficients = { alpha: 0, beta: 1 };
    const run = (name: Method['name'], step: number) =>
      gradientsOf(subBlocks, x0, cotangent, { coefficients, method: { name } as Method }, trainingContext(5, step));
    const conventional = await run('conventional', 1);
    const forward = seeds.splice(0);
    expect(new Set(forward).size).toBe(8);
    for (const name of ['checkpoint', 'reversible', 'exact'] as const) {
      seeds.length = 0;
      const rebuilt = await run(name, 1);
      expect(seeds.slice(-16)).toEqual([...forward, ...[...forward].reverse()]);
      await expectClose(rebuilt.x0!, conventional.x0!, { rtol: 1e-4, atol: 1e-5 });
      rebuilt.dispose();
    }
    const next = await run('conventional', 2);
    await expect(expectClose(next.x0!, conventional.x0!, { rtol: 1e-4, atol: 1e-5 })).rejects.toThrow();
    next.dispose();
    conventional.dispose();
  });
});

test('a sink may update parameters at once, shared ones too: nothing is rebuilt with a changed one', async () => {
  await expectNoLeak(async () => {
    const { x0, cotangent } = network;
    const draw = numbers(21);
    const make = () => new Parameter(`shared${Math.random()}`, tensor(draw(64, 0.5), [8, 8]));
    const [shared, own] = [make(), make()];
    const block = (name: string, parameter: Parameter) =>
      fromFunction(name, (x, [w]) => tanh(matMul(x, w!)), [parameter]);
    const subBlocks = [block('own', own), block('a', shared), block('b', shared), block('c', shared)];
    const coefficients = { alpha: 0.5, beta: 0.5 };
    const conventional = await gradientsOf(subBlocks, x0, cotangent, {
      coefficients,
      method: { name: 'conventional' },
    });
    for (const method of [
      { name: 'checkpoint', every: 2 },
      { name: 'reversible' },
      { name: 'exact', fractionBits: 24, verify: true },
    ] as const) {
      const initial = [shared, own].map(({ variable }) => variable.clone());
      const received: Parameter[] = [];
      const { value, pullback, report } = traceRun(subBlocks, x0, trainingContext(7, 3), { coefficients, method });
      const seen: Tensor[] = [];
      const { x0: gradient } = pullback(cotangent, (parameter, g) => {
        received.push(parameter);
        seen.push(g);
        parameter.assign(add(parameter.variable, g));
      });
      expect(received).toEqual([shared, own]);
      await expectClose(seen[0]!, conventional.parameters.get(shared)!, { rtol: 1e-3, atol: 1e-4 });
      await expectClose(seen[1]!, conventional.parameters.get(own)!, { rtol: 1e-3, atol: 1e-4 });
      await expectClose(gradient!, conventional.x0!, { rtol: 1e-3, atol: 1e-4 });
      await report.check();
      [shared, own].forEach((parameter, i) => {
        parameter.assign(initial[i]!);
      });
      for (const item of [value, gradient!, ...seen]) item.dispose();
    }
    conventional.dispose();
    for (const parameter of [shared, own]) parameter.dispose();
  });
});

describe('rounding errors of the floating-point inverse', () => {
  /** The worst error at an anchor at 0, that is of the rebuilt x_0, after 24 sub-blocks. */
  async function worst(alpha: number, beta: number, anchors: number[] = [0]) {
    const { subBlocks, x0, cotangent } = network;
    const options = {
      coefficients: { alpha, beta },
      method: { name: 'reversible', anchors, tolerance: Number.POSITIVE_INFINITY },
    } as const;
    const found = await gradientsOf(subBlocks, x0, cotangent, options);
    found.dispose();
    return found.checks.worstAnchorError!;
  }

  test('grow as the theory has it, and anchors bound them', async () => {
    const plain = await worst(0, 1);
    const end = await worst(0.4, 0.7);
    const middle = await worst(0.5, 0.6);
    expect(plain).toBeLessThan(1e-5);
    expect(end).toBeLessThan(0.2);
    expect(middle).toBeGreaterThan(10 * end);
    expect(await worst(1, 0.1)).toBeGreaterThan(1e3);
    expect(await worst(1, 0.1, [...Array(24).keys()])).toBeLessThan(1e-4);
    expect(await worst(0.5, 0.6, [0, 6, 12, 18])).toBeLessThan(1e-4);
  });

  test('are infinite, not absent, where the rebuild is no number', async () => {
    expect(await worst(1, 1e-30)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the grid of exact', () => {
  test('is chosen from the measured range', async () => {
    await expectNoLeak(async () => {
      const { subBlocks, x0 } = network;
      const options = { coefficients: { alpha: 1, beta: 0.1 }, method: { name: 'exact' } } as const;
      const largest = await measureRange(subBlocks, x0, inference, options);
      const states = runStates(subBlocks, x0, inference, options);
      expect(largest).toBe(Math.max(...states.flatMap((state) => Array.from(state.dataSync(), Math.abs))));
      const { value, pullback, report } = traceRun(subBlocks, x0, inference, options);
      expect(report.fractionBits).toBe(chooseFractionBits(largest));
      expect(report.fractionBits).toBe(Math.min(24, Math.floor(Math.log2(2 ** 30 / (16 * largest)))));
      expect((await report.check()).largest).toBeCloseTo(largest, 4);
      pullback.dispose();
      for (const tensor of [value, ...states]) tensor.dispose();
    });
  });

  test('measures once with a scale, and stays while the range does', async () => {
    const { subBlocks, x0, cotangent } = network;
    let applied = 0;
    const counted = subBlocks.map((block) => ({
      ...block,
      apply: (x: Tensor, context: Context) => {
        applied++;
        return block.apply(x, context);
      },
    }));
    const scale = new ExactScale();
    expect(scale.measured).toBe(false);
    const options = { coefficients: { alpha: 0.9, beta: 0.1 }, method: { name: 'exact' }, scale } as const;
    const passes: number[] = [];
    for (let step = 0; step < 3; step++) {
      applied = 0;
      (await gradientsOf(counted, x0, cotangent, options)).dispose();
      passes.push(applied / counted.length);
    }
    expect(passes).toEqual([2, 1, 1]);
    const resumed = new ExactScale({ state: JSON.parse(JSON.stringify(scale)) });
    expect([resumed.measured, resumed.fractionBits]).toEqual([true, scale.fractionBits]);
  });

  test('follows the states: coarser when they come near the limit or leave the range, finer when they use little of it', async () => {
    const scale = new ExactScale();
    scale.observe(10);
    const first = chooseFractionBits(10);
    expect(scale.fractionBits).toBe(first);
    scale.observe(25);
    expect(scale.fractionBits).toBe(first);
    scale.observe(70);
    expect(scale.fractionBits).toBe(chooseFractionBits(70));
    scale.observe(1);
    expect(scale.fractionBits).toBe(chooseFractionBits(1));

    const { x0, cotangent } = network;
    const growing = [fromFunction('growing', (x) => mul(x, 1e5))];
    const options = { coefficients: { alpha: 0.5, beta: 0.5 }, method: { name: 'exact' }, scale } as const;
    const before = scale.fractionBits;
    await expect(expectNoLeak(() => gradientsOf(growing, x0, cotangent, options))).rejects.toThrow(StateRangeError);
    expect(scale.fractionBits).toBe(before - 4);
  });

  test('says which coefficients it has in the place of those asked for', () => {
    const words = (alpha: number, beta: number) => snappedInWords({ name: 'exact' }, { alpha, beta });
    expect(words(63 / 64, 1 / 64)).toBeUndefined();
    expect(words(1, 0.1)).toBe(`beta = 0.1 becomes ${3277 / 2 ** 15}: the nearest on the grid of the method exact.`);
    expect(words(0.987, 0.013)).toMatch(/^alpha = 0.987 becomes 0.98699951171875, beta = 0.013 becomes /);
    expect(snappedInWords({ name: 'reversible' }, { alpha: 1, beta: 0.1 })).toBeUndefined();
    expect(() => words(1, 0)).toThrow('beta = 0');
  });

  test.each([NaN, Infinity, -1, 2 ** 28])('refuses a range of %d', (largest) => {
    expect(() => chooseFractionBits(largest)).toThrow(`the states reach ${largest}`);
  });

  test.each([NaN, 1, Infinity])('refuses a margin of %d', (margin) => {
    expect(() => new ExactScale({ margin })).toThrow(`margin is ${margin}`);
  });

  test.each([-1, 2.5, 99])('refuses a saved scale with %d bits', (fractionBits) => {
    expect(() => new ExactScale({ state: { fractionBits } })).toThrow(`fractionBits is ${fractionBits}`);
  });
});

test('exact at (63/64, 1/64) is all but the pretrained network, and rebuilds it bit for bit over 48 sub-blocks', async () => {
  await expectNoLeak(async () => {
    const draw = numbers(3);
    const weights = Array.from({ length: 48 }, () => tensor(draw(64, 0.5), [8, 8]));
    const subBlocks = weights.map((w, i) => fromFunction(`block ${i}`, (x) => tanh(matMul(x, w))));
    const { x0, cotangent } = network;
    const pretrained = applyRun(subBlocks, x0, inference, {
      coefficients: { alpha: 1, beta: 0 },
      method: { name: 'conventional' },
    });
    const options = {
      coefficients: { alpha: 63 / 64, beta: 1 / 64 },
      method: { name: 'exact', verify: true },
    } as const;
    const { value, pullback, report } = traceRun(subBlocks, x0, inference, options);
    await expectClose(value, pretrained, { rtol: 0.3, atol: 0.5 });
    const { x0: dx } = pullback(cotangent, discard);
    expect(report.coefficients).toEqual(options.coefficients);
    expect(await report.check()).toMatchObject({ identical: true });
    for (const item of [...weights, pretrained, value, dx!]) item.dispose();
  });
});
