/** How many states are alive: while a sub-block is traced, while its pullback runs, at the peak; and that depth does not count. */
import '@tensorflow/tfjs-backend-cpu';
import { Meter } from '@dr2net/memory';
import { discard, hold, inference, once } from '@dr2net/ops';
import { mul, ones, setBackend, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Coefficients, type Method, type SubBlock, traceRun } from '../src/index.ts';

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
