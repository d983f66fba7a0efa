/** How many states are alive: while a sub-block is traced, while its pullback runs, at the peak; and that depth does not count. */
import '@tensorflow/tfjs-backend-cpu';
import { Meter } from '@dr2net/memory';
import { discard, hold, inference, once } from '@dr2net/ops';
import { mul, ones, setBackend, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Coefficients, fromFunction, type Method, type SubBlock, traceRun } from '../src/index.ts';

const size = 4096;
let x0: Tensor;
let dy: Tensor;

beforeAll(() => setBackend('cpu'));
beforeEach(() => {
  x0 = ones([2, size / 2]);
  dy = ones([2, size / 2]);
});
afterEach(() => {
  x0.dispose();
  dy.dispose();
});

interface Counts {
  /** States alive when a sub-block in the middle is applied, traced, and pulled back; at the peak of forward and backward. */
  readonly apply: number;
  readonly trace: number;
  readonly pullback: number;
  readonly forward: number;
  readonly backward: number;
  readonly stateBytes: number;
  readonly sideBytes: number;
}

/** Runs n sub-blocks F(x) = x/4, which keep x and nothing else. What is alive before (x_0, dy) is not counted. */
function count(method: Method, n: number, coefficients: Coefficients = { alpha: 0.5, beta: 0.5 }): Counts {
  const meter = new Meter();
  const before = meter.bytes;
  const states = (bytes: number) => (bytes - before) / (4 * size);
  const seen = { apply: 0, trace: 0, pullback: 0 };
  const subBlocks = Array.from({ length: n }, (_, i): SubBlock => {
    const look = (moment: keyof typeof seen) => {
      if (i === n >> 1) seen[moment] = states(meter.bytes);
    };
    return {
      name: `block ${i}`,
      parameters: [],
      apply(x) {
        look('apply');
        return mul(x, 0.25);
      },
      trace(x) {
        look('trace');
        const pullback = once('quarter', [hold(x)], (d: Tensor) => {
          look('pullback');
          return mul(d, 0.25);
        });
        return { value: mul(x, 0.25), pullback };
      },
    };
  });
  const { value, pullback, report } = traceRun(subBlocks, x0, inference, { coefficients, method });
  value.dispose();
  const forward = states(meter.read().peakBytes);
  meter.reset();
  pullback(dy, discard).x0?.dispose();
  const backward = states(meter.stop().peakBytes);
  return { ...seen, forward, backward, stateBytes: report.stateBytes, sideBytes: report.sideBytes };
}

const [half, pretrained] = [
  { alpha: 0.5, beta: 0.5 },
  { alpha: 1, beta: 0 },
];

describe.each([6, 12, 24])('%d sub-blocks', (n) => {
  test('frozen: the two last states', () => {
    expect(count({ name: 'frozen' }, n, half)).toMatchObject({ apply: 2, stateBytes: 0 });
    expect(count({ name: 'frozen' }, n, pretrained)).toMatchObject({ apply: 1 });
  });

  test('conventional: nothing of our own besides the internals, which here are one state a sub-block', () => {
    const kept = n >> 1;
    // While sub-block i is traced x_i is one of the i internals that will be kept, and x_{i−1} another.
    expect(count({ name: 'conventional' }, n, half)).toMatchObject({ trace: kept, pullback: kept + 2, stateBytes: 0 });
    expect(count({ name: 'conventional' }, n, pretrained)).toMatchObject({ trace: kept, pullback: kept + 1 });
  });

  test('checkpoint: the states up to the one in hand', () => {
    const counted = count({ name: 'checkpoint' }, n, half);
    expect(counted).toMatchObject({ trace: (n >> 1) + 2, pullback: (n >> 1) + 2, stateBytes: n * 4 * size });
    const sparse = count({ name: 'checkpoint', every: 4 }, n, half);
    expect(sparse.stateBytes).toBe((Math.ceil(n / 4) * 2 - 1) * 4 * size);
    expect(sparse.backward).toBeLessThan(counted.backward);
  });

  test('reversible: two states and two gradients, at any depth', () => {
    const plain = { name: 'reversible', tolerance: Number.POSITIVE_INFINITY } as const;
    const counted = count(plain, n, half);
    expect(counted).toMatchObject({ apply: 2, trace: 4, pullback: 4, stateBytes: 2 * 4 * size, sideBytes: 0 });
    // With the temporaries of an update and an inverse that are composed of tfjs ops.
    expect(counted.forward).toBeLessThanOrEqual(6);
    expect(counted.backward).toBeLessThanOrEqual(8);
    // Two anchors: a pair each.
    expect(count({ ...plain, anchors: 2 }, n, half).stateBytes).toBe(6 * 4 * size);
  });

  test.each([
    [1 / 64, 6],
    [0.25, 2],
    [0.5, 1],
    [1, 0],
  ])('exact at β = %d: as reversible, and %d bits an element a sub-block', (beta, bits) => {
    const counted = count({ name: 'exact', fractionBits: 20 }, n, { alpha: 1 - beta, beta });
    expect(counted.sideBytes).toBe(((n - 1) * size * bits) / 8);
    expect(counted.stateBytes).toBe(2 * 4 * size);
    const side = (sides: number) => (sides * bits) / 32;
    const middle = n >> 1;
    expect(counted.apply).toBe(3 + side(middle - 1));
    expect(counted.trace).toBe(5 + side(middle));
    // The float state is in the sub-block's internals now.
    expect(counted.pullback).toBe(5 + side(middle - 1));
    expect(counted.backward).toBeLessThanOrEqual(8 + side(n - 1));
  });
});

describe('the side information of exact', () => {
  /** Powers of two, round numbers, odd fractions, and whatever lies between, of either sign. */
  const betas = [
    ...Array.from({ length: 11 }, (_, s) => 2 ** -s),
    ...[0.9, 0.7, 0.4, 1 / 3, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002],
    ...Array.from({ length: 60 }, (_, k) => (2 * k + 1) / 2 ** 7).filter((beta) => beta < 1),
    ...Array.from({ length: 40 }, (_, k) => 1.19 ** -(k + 1)),
  ].flatMap((beta) => [beta, -beta]);
  /** 15 candidates for what was rounded away, and what needs 15 or nearly 15 for its upper digits. */
  const worst = new Set([15, 29, 57, 58, 65, 113, 114, 115, 116, 225, 226, 227, 228, 229, 449, 450, 451, 452, 453]);

  test('is packed within 2 % of its entropy, log₂⌈1/|β|⌉ bits an element, and in whole bits at powers of two', () => {
    const tokens = ones([2, 8160]);
    let seen = 0;
    for (const beta of betas) {
      const method = { name: 'exact', fractionBits: 20 } as const;
      const subBlock = fromFunction('same', (x) => mul(x, 0.25));
      const options = { coefficients: { alpha: 0.5, beta }, method };
      const meter = new Meter();
      const before = meter.bytes;
      const { value, pullback, report } = traceRun([subBlock, subBlock], tokens, inference, options);
      value.dispose();
      // Beside the last two states.
      const kept = meter.bytes - before - 2 * 4 * tokens.size;
      meter.stop();
      expect(report.sideBytes).toBe(kept);
      pullback.dispose();
      const candidates = Math.ceil(1 / Math.abs(report.coefficients.beta));
      const entropy = Math.log2(candidates);
      const bits = (8 * kept) / tokens.size;
      const name = `β = ${beta}, ${candidates} candidates`;
      expect(bits, name).toBeGreaterThanOrEqual(entropy);
      // 15 to the eighth is just above 31 bits, so these are packed at 2 to 3 %: still no more than whole bits.
      expect(bits, name).toBeLessThanOrEqual(worst.has(candidates) ? 1.03 * entropy : 1.02 * entropy);
      expect(bits, name).toBeLessThanOrEqual(Math.ceil(entropy));
      if (!worst.has(candidates)) seen++;
    }
    expect(seen).toBeGreaterThan(0.9 * betas.length);
    tokens.dispose();
  });

  test('is freed sub-block by sub-block as the walk back uses it', () => {
    const n = 12;
    const meter = new Meter();
    const before = meter.bytes;
    const alive: number[] = [];
    const subBlocks = Array.from({ length: n }, (_, i): SubBlock => {
      const quarter = (x: Tensor) => mul(x, 0.25);
      const trace = (x: Tensor) => {
        alive[i] = meter.bytes - before;
        return { value: quarter(x), pullback: once('quarter', [], quarter) };
      };
      return { name: `block ${i}`, parameters: [], apply: quarter, trace };
    });
    const method = { name: 'exact', fractionBits: 20 } as const;
    const options = { coefficients: { alpha: 1 / 64, beta: 1 / 64 }, method };
    const { value, pullback, report } = traceRun(subBlocks, x0, inference, options);
    value.dispose();
    const each = (6 * size) / 8;
    expect(report.sideBytes).toBe((n - 1) * each);
    pullback(dy, discard).x0?.dispose();
    // From the third on: a_{n+1} is 0 and a_n is the caller's.
    for (let i = n - 3; i > 0; i--) expect(alive[i]! - alive[i - 1]!).toBe(each);
    expect(meter.bytes).toBe(before);
    meter.stop();
  });
});
