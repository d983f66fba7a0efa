/** What a run refuses, that it says so by value and remedy, and that it leaves nothing behind. */
import '@tensorflow/tfjs';
import { inference, once, PullbackSpentError, type Sink, trainingContext } from '@dr2net/ops';
import { expectNoLeak } from '@dr2net/testing';
import { ones, randomUniform, relu, setBackend, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  applyRun,
  type Coefficients,
  CoefficientsError,
  fromFunction,
  type Method,
  MethodError,
  RebuildError,
  RunShapeError,
  StateRangeError,
  type SubBlock,
  traceRun,
} from '../src/index.ts';
import { asSubBlocks, numbers, small } from './small.ts';

const half: Coefficients = { alpha: 0.5, beta: 0.5 };
const conventional: Method = { name: 'conventional' };
let network: ReturnType<typeof asSubBlocks>;

beforeAll(() => setBackend('cpu'));
beforeEach(() => {
  network = asSubBlocks(small(1, 2, 3, [undefined, undefined, undefined, undefined]));
});
afterEach(() => network.dispose());

/** Runs forward and back, frees everything, and gives the report. */
function run(method: Method, coefficients: Coefficients = half, subBlocks: readonly SubBlock[] = network.subBlocks) {
  const { value, pullback, report } = traceRun(subBlocks, network.x0, trainingContext(1), { coefficients, method });
  value.dispose();
  const { x0 } = pullback(network.cotangent, (_, gradient) => gradient.dispose());
  x0?.dispose();
  return report;
}

const refused = (body: () => unknown) => expectNoLeak(async () => body());

describe('refuses, naming the value and the remedy', () => {
  test.each(['reversible', 'exact'] as const)('β = 0 with %s', async (name) => {
    const attempt = refused(() => run({ name }, { alpha: 1, beta: 0 }));
    await expect(attempt).rejects.toThrow(CoefficientsError);
    await expect(attempt).rejects.toThrow(/beta = 0.*exact at \(63\/64, 1\/64\).*conventional/);
  });

  test('β that is 0 on the grid of exact', async () => {
    const attempt = refused(() => run({ name: 'exact', coefficientBits: 4 }, { alpha: 1, beta: 0.01 }));
    await expect(attempt).rejects.toThrow(CoefficientsError);
    await expect(attempt).rejects.toThrow('0.01');
  });

  test.each([NaN, Infinity, -Infinity])('%d as a coefficient, under every method', async (value) => {
    for (const name of ['conventional', 'checkpoint', 'frozen', 'reversible', 'exact'] as const) {
      await expect(refused(() => run({ name }, { alpha: value, beta: 0.5 }))).rejects.toThrow(`alpha is ${value}`);
      await expect(refused(() => run({ name }, { alpha: 0.5, beta: value }))).rejects.toThrow(`beta is ${value}`);
    }
  });

  test('a text in the place of a number', async () => {
    const beta = '0.5' as unknown as number;
    await expect(refused(() => run({ name: 'exact' }, { alpha: 0.5, beta }))).rejects.toThrow('beta is "0.5"; it must');
    for (const tolerance of ['1e-4', 'low'] as unknown as number[]) {
      const attempt = refused(() => run({ name: 'reversible', tolerance }));
      await expect(attempt).rejects.toThrow(MethodError);
      await expect(attempt).rejects.toThrow(`tolerance is "${tolerance}"; it must be a number above 0`);
    }
  });

  test('coefficients that overflow the range at this depth, with what would do', async () => {
    const identity = fromFunction('identity', (x) => x.mul(1));
    const attempt = (n: number) =>
      refused(() => run({ name: 'exact' }, { alpha: 1, beta: 1 }, new Array(n).fill(identity)));
    await expect(attempt(40)).rejects.toThrow(MethodError);
    await expect(attempt(40)).rejects.toThrow(
      /the states reach \d+.*fixed point holds at most 67108864.*where \|alpha\| \+ \|beta\| > 1.*\(63\/64, 1\/64\).*conventional or checkpoint/,
    );
    await expect(attempt(400)).rejects.toThrow('the states reach Infinity');
    await expect(attempt(4)).resolves.toBeDefined();
  });

  test.each([
    [4, '4; with 4 sub-blocks it must be a whole number from 0 to 3'],
    [-1, '-1'],
    [1.5, '1.5'],
    [NaN, 'NaN'],
    [[1, 4], 'at 4; with 4 sub-blocks positions are whole numbers from 0 to 3'],
    [[-1], '-1'],
    [[0.5], '0.5'],
  ])('anchors %j', async (anchors, message) => {
    const attempt = refused(() => run({ name: 'reversible', anchors }));
    await expect(attempt).rejects.toThrow(MethodError);
    await expect(attempt).rejects.toThrow(message);
  });

  test.each([0, -2, 1.5, NaN])('a checkpoint every %d sub-blocks', async (every) => {
    await expect(refused(() => run({ name: 'checkpoint', every }))).rejects.toThrow(`every is ${every}`);
  });

  test('unknown names, with the nearest known one', async () => {
    const method = { name: 'reversable' } as unknown as Method;
    await expect(refused(() => run(method))).rejects.toThrow(
      '"reversable" is not a method; did you mean "reversible"? Known: conventional, checkpoint, frozen, reversible, exact.',
    );
    const read = 'lst' as 'last';
    const options = { coefficients: half, method: conventional, read };
    await expect(refused(() => applyRun(network.subBlocks, network.x0, inference, options))).rejects.toThrow(
      '"lst" is not a head read; did you mean "last"?',
    );
  });

  test('an empty list, integers, a missing or wrong shift', async () => {
    const options = { coefficients: half, method: conventional };
    await expect(refused(() => applyRun([], network.x0, inference, options))).rejects.toThrow('at least one sub-block');
    const integers = zeros([2, 3], 'int32');
    expect(() => applyRun(network.subBlocks, integers, inference, options)).toThrow('int32');
    const shifted = [{ ...network.subBlocks[0]!, shift: 'skip' as const }];
    await expect(refused(() => applyRun(shifted, network.x0, inference, options))).rejects.toThrow('options.shift');
    const wrong = { ...options, shift: integers.flatten() };
    expect(() => applyRun(shifted, network.x0, inference, wrong)).toThrow(RunShapeError);
    wrong.shift.dispose();
    integers.dispose();
  });

  test.each([conventional, { name: 'checkpoint' }, { name: 'reversible' }, { name: 'exact' }] as Method[])(
    'a sub-block whose output has another shape, and a gradient of another shape ($name)',
    async (method) => {
      const wide = fromFunction('wide', (x) => x.tile([1, 2]));
      const attempt = refused(() => run(method, half, [network.subBlocks[0]!, wide]));
      await expect(attempt).rejects.toThrow(
        'The output of wide has the shape [2,6], but the states of the run have [2,3]',
      );
      await expectNoLeak(() => {
        const options = { coefficients: half, method };
        const { value, pullback } = traceRun(network.subBlocks, network.x0, inference, options);
        const dy = ones([3, 2]);
        expect(() => pullback(dy, () => {})).toThrow(RunShapeError);
        value.dispose();
        dy.dispose();
      });
    },
  );
});

describe('exact', () => {
  test('names the sub-block whose state leaves the range, with value and limit', async () => {
    const large = fromFunction('large', (x) => x.mul(0).add(600));
    const attempt = refused(() => run({ name: 'exact', fractionBits: 21 }, half, [network.subBlocks[0]!, large]));
    await expect(attempt).rejects.toThrow(StateRangeError);
    await expect(attempt).rejects.toThrow(/x_2, after large, reaches 60.*±512.*Lower fractionBits by 2/);
  });

  test.each([NaN, Infinity])('refuses %d in a sub-block and in the input', async (value) => {
    const broken = fromFunction('broken', (x) => x.mul(value));
    await expect(refused(() => run({ name: 'exact', fractionBits: 20 }, half, [broken]))).rejects.toThrow(
      /x_1, after broken, is not finite/,
    );
    const input = tensor([[value, 1, 1]]);
    const options = { coefficients: half, method: { name: 'exact', fractionBits: 20 } } as const;
    expect(() => traceRun(network.subBlocks, input, inference, options)).toThrow('The input x_0 is not finite');
    input.dispose();
    await expect(refused(() => run({ name: 'exact' }, half, [broken]))).rejects.toThrow();
  });

  test('with verify finds a sub-block that is not deterministic, the element, and its name', async () => {
    let calls = 0;
    const noisy = fromFunction('noisy', (x) => x.mul(0.5).add(calls++ * 1e-4));
    const [a, b, c] = network.subBlocks;
    const attempt = refused(() => run({ name: 'exact', fractionBits: 20, verify: true }, half, [a!, b!, noisy, c!]));
    await expect(attempt).rejects.toThrow(RebuildError);
    await expect(attempt).rejects.toThrow(/element 0 of 6.*first wrong state on the way back is x_1, rebuilt by noisy/);
  });

  describe.each([1 / 64, -1, 1])('at β = %d, with verify', (beta) => {
    const shape: [number, number] = [96, 384];
    const draw = numbers(1);
    /** Four sub-blocks, of which one adds, when it runs again, a unit of the grid to one element of 36,864. */
    const broken = (at: number): SubBlock[] =>
      Array.from({ length: 4 }, (_, i) => {
        let calls = 0;
        const change = (y: Tensor) => {
          if (i !== at || calls++ === 0) return y;
          const noise = new Float32Array(96 * 384);
          noise[777] = 2 ** -20;
          return y.add(tensor(noise, shape));
        };
        return fromFunction(`block ${i}`, (x) => change(x.tanh().mul(0.5)));
      });

    test.each([
      [0, 'The sub-block block 0 gave another output than in the forward pass'],
      [1, 'The first wrong state on the way back is x_0, rebuilt by block 1.'],
      [2, 'The first wrong state on the way back is x_1, rebuilt by block 2.'],
      [3, 'The first wrong state on the way back is x_2, rebuilt by block 3.'],
    ])('finds the smallest difference in one element of sub-block %d, by its name', async (at, message) => {
      const [x0, dy] = [tensor(draw(96 * 384), shape), tensor(draw(96 * 384), shape)];
      const attempt = (block: number) =>
        expectNoLeak(async () => {
          const method: Method = { name: 'exact', fractionBits: 20, verify: true };
          const options = { coefficients: { alpha: 1 - Math.abs(beta), beta }, method };
          const { value, pullback, report } = traceRun(broken(block), x0, trainingContext(1), options);
          value.dispose();
          pullback(dy, () => {}).x0?.dispose();
          return report.check();
        });
      await expect(attempt(at)).rejects.toThrow(RebuildError);
      await expect(attempt(at)).rejects.toThrow(message);
      expect(await attempt(-1)).toMatchObject({ identical: true });
      x0.dispose();
      dy.dispose();
    });
  });

  test('with verify finds a global random generator in the only sub-block', async () => {
    const random = fromFunction('drops out', (x) => x.mul(randomUniform(x.shape, 0, 2)));
    const attempt = refused(() => run({ name: 'exact', fractionBits: 20, verify: true }, half, [random]));
    await expect(attempt).rejects.toThrow('The sub-block drops out gave another output');
  });
});

describe('frees everything', () => {
  const methods: Method[] = [
    conventional,
    { name: 'checkpoint', every: 2 },
    { name: 'reversible' },
    { name: 'reversible', anchors: 2, tolerance: 0.5 },
    { name: 'reversible', anchors: 2, tolerance: Number.POSITIVE_INFINITY },
    { name: 'exact', verify: true },
    { name: 'frozen' },
  ];

  /** A sub-block that throws when it is used for the n-th time in that way. */
  function failing(way: 'apply' | 'trace' | 'pullback', at: number): SubBlock {
    let count = 0;
    const fail = (kind: typeof way) => {
      if (kind === way && count++ === at) throw new Error(`broken in ${way}`);
    };
    return {
      name: 'failing',
      parameters: [],
      apply(x) {
        fail('apply');
        return relu(x);
      },
      trace(x) {
        fail('trace');
        const kept = x.clone();
        const pullback = once('failing', [kept], (dy: Tensor, _: Sink) => {
          fail('pullback');
          return dy.clone();
        });
        return { value: relu(x), pullback };
      },
    };
  }

  test.each(methods)('when the backward pass is not run, and the second time refuses ($name)', async (method) => {
    await expectNoLeak(() => {
      const options = { coefficients: half, method };
      const { value, pullback } = traceRun(network.subBlocks, network.x0, trainingContext(1), options);
      value.dispose();
      pullback.dispose();
      pullback.dispose();
      expect(() => pullback(network.cotangent, () => {})).toThrow(PullbackSpentError);
    });
    await expectNoLeak(() => {
      const options = { coefficients: half, method };
      const { value, pullback } = traceRun(network.subBlocks, network.x0, trainingContext(1), options);
      value.dispose();
      const { x0 } = pullback(network.cotangent, (_, gradient) => gradient.dispose());
      x0?.dispose();
      expect(() => pullback(network.cotangent, () => {})).toThrow(PullbackSpentError);
    });
  });

  test.each(methods)('when a sub-block throws ($name)', async (method) => {
    const [a, b, c] = network.subBlocks;
    for (const way of ['apply', 'trace', 'pullback'] as const)
      for (let at = 0; at < 3; at++) {
        const attempt = expectNoLeak(async () => run(method, half, [a!, failing(way, at), b!, failing(way, 0), c!]));
        const reached = await attempt.then(
          () => 'passed',
          (error: Error) => error.message,
        );
        expect(['passed', `broken in ${way}`]).toContain(reached);
      }
  });

  test.each(methods.slice(0, -1))('when the sink throws ($name)', async (method) => {
    const attempt = expectNoLeak(() => {
      const options = { coefficients: half, method };
      const { value, pullback } = traceRun(network.subBlocks, network.x0, trainingContext(1), options);
      value.dispose();
      let count = 0;
      pullback(network.cotangent, (_, gradient) => {
        gradient.dispose();
        if (count++ === 4) throw new Error('full');
      });
    });
    await expect(attempt).rejects.toThrow('full');
  });
});
