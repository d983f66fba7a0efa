/** A tracer of some methods: the same bits as `traceRun`, and no method that it was not given. */
import '@tensorflow/tfjs';
import { discard, inference } from '@dr2net/ops';
import { expectIdentical, expectNoLeak } from '@dr2net/testing';
import { onesLike, setBackend } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  conventionalMethod,
  exactMethod,
  MethodError,
  type RunOptions,
  reversibleMethod,
  type TraceRun,
  traceRun,
  tracer,
} from '../src/index.ts';
import { asSubBlocks, small } from './small.ts';

let network: ReturnType<typeof asSubBlocks>;

beforeAll(() => setBackend('cpu'));
beforeEach(() => {
  network = asSubBlocks(small(5, 4, 8, new Array(6).fill(undefined)));
});
afterEach(() => network.dispose());

const coefficients = { alpha: 0.5, beta: 0.5 };

test.each([
  ['conventional', tracer(conventionalMethod)],
  ['reversible', tracer(conventionalMethod, reversibleMethod)],
  ['exact', tracer(exactMethod)],
] as const)('%s: value and gradient are those of traceRun', async (name, some) => {
  await expectNoLeak(async () => {
    const { subBlocks, x0 } = network;
    const options: RunOptions = { coefficients, method: { name } };
    const [one, all] = [some as TraceRun, traceRun].map((trace) => {
      const { value, pullback } = trace(subBlocks, x0, inference, options);
      const dy = onesLike(value);
      const { x0: gradient } = pullback(dy, discard);
      dy.dispose();
      return { value, gradient: gradient! };
    });
    await expectIdentical(one!.value, all!.value);
    await expectIdentical(one!.gradient, all!.gradient);
    for (const { value, gradient } of [one!, all!]) for (const tensor of [value, gradient]) tensor.dispose();
  });
});

test('refuses a method that it was not given, by its name, and keeps nothing', async () => {
  await expectNoLeak(async () => {
    const { subBlocks, x0 } = network;
    const some = tracer(reversibleMethod, conventionalMethod) as TraceRun;
    const run = () => some(subBlocks, x0, inference, { coefficients, method: { name: 'exact' } });
    expect(run).toThrow(MethodError);
    expect(run).toThrow(
      'exact is not among the methods of this tracer (reversible, conventional); give it exactMethod too.',
    );
  });
});
