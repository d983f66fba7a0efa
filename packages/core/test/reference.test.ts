/** Every method against independent float64 results: states, outputs, the input's and every parameter's gradient. */
import '@tensorflow/tfjs-backend-cpu';
import { join } from 'node:path';
import { inference, type Parameter, trainingContext } from '@dr2net/ops';
import {
  expectNoLeak,
  expectScaledClose,
  type ReferenceTensor,
  readReference,
  sharedPath,
  toTensor,
} from '@dr2net/testing';
import { mul, stack, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Coefficients, type HeadRead, type Method, runStates, type SubBlock, traceRun } from '../src/index.ts';
import { referenceStack } from './vit.ts';

const folder = sharedPath('reference/block-dr2net');

const all: [number, number][] = [
  [1, 0],
  [1, 0.1],
  [0.9, 0.2],
  [0.5, 0.6],
  [0.4, 0.7],
  [0.1, 0.9],
  [0, 1],
];
const inverted = all.filter(([, beta]) => beta !== 0);
const means: [number, number][] = [
  [0.5, 0.6],
  [0.1, 0.9],
];

describe.skipIf(!folder)('block-dr2net', () => {
  let expected: Map<string, ReferenceTensor>;
  let subBlocks: SubBlock[];
  let parameters: Parameter[];
  let x0: Tensor;
  let cotangent: Tensor;

  beforeAll(() => {
    expected = readReference(join(folder!, 'expected.safetensors'));
    ({ subBlocks, parameters } = referenceStack(join(folder!, 'model.safetensors'), 3));
    x0 = toTensor(expected.get('input.x')!);
    cotangent = toTensor(expected.get('cotangent')!);
  });
  afterAll(() => {
    for (const parameter of parameters) parameter.dispose();
    x0.dispose();
    cotangent.dispose();
  });

  /** Output and gradients of one run, loss = mean(output·cotangent). */
  function gradients(coefficients: Coefficients, method: Method, read: HeadRead = 'last') {
    const found = new Map<string, Tensor>();
    const { value, pullback, report } = traceRun(subBlocks, x0, trainingContext(1), { coefficients, method, read });
    const dy = tidy(() => mul(cotangent, 1 / cotangent.size));
    const { x0: gradient } = pullback(dy, (parameter, g) => {
      expect(found.has(parameter.name)).toBe(false);
      found.set(parameter.name, g);
    });
    dy.dispose();
    found.set('input.x', gradient!);
    return { value, found, report };
  }

  async function compare(coefficients: Coefficients, method: Method, rtol: number, read: HeadRead = 'last') {
    const variant = `dr2net-a${coefficients.alpha}-b${coefficients.beta}${read === 'mean' ? '-mean' : ''}`;
    await expectNoLeak(async () => {
      const { value, found, report } = gradients(coefficients, method, read);
      const scale = Math.max(...[...found.keys()].map((key) => largest(expected.get(`${variant}/grad/${key}`)!)));
      for (const [key, gradient] of found) {
        const reference = expected.get(`${variant}/grad/${key}`)!;
        const inCheckpoint = gradient.rank === 2 ? tidy(() => transpose(gradient)) : gradient;
        await expectScaledClose(inCheckpoint, reference, { rtol, atol: 1e-7 * scale }, `${variant} ${key}`);
        inCheckpoint.dispose();
        gradient.dispose();
      }
      expect(found.size).toBe(parameters.length + 1);
      value.dispose();
      await report.check();
    });
  }

  test.each(all)('states at (%d, %d)', async (alpha, beta) => {
    const variant = `dr2net-a${alpha}-b${beta}`;
    const states = runStates(subBlocks, x0, inference, {
      coefficients: { alpha, beta },
      method: { name: 'conventional' },
    });
    const stacked = stack(states);
    await expectScaledClose(stacked, expected.get(`${variant}/states`)!, { rtol: 2e-5, atol: 0 }, variant);
    for (const state of [stacked, ...states]) state.dispose();
  });

  test.each(all)('conventional and checkpoint at (%d, %d)', async (alpha, beta) => {
    await compare({ alpha, beta }, { name: 'conventional' }, 1e-4);
    await compare({ alpha, beta }, { name: 'checkpoint' }, 1e-4);
    await compare({ alpha, beta }, { name: 'checkpoint', every: 5 }, 1e-4);
  });
  test.each(inverted)('exact at (%d, %d)', async (alpha, beta) => {
    await compare({ alpha, beta }, { name: 'exact', verify: true }, 1e-4);
  });
});

function largest(reference: ReferenceTensor): number {
  return Array.from(reference.data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
