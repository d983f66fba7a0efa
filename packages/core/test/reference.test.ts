/** Every method on every backend against independent float64 results: states, the input's and every parameter's gradient. */
import { join } from 'node:path';
import { inference, type Parameter } from '@dr2net/ops';
import {
  expectNoLeak,
  expectScaledClose,
  type ReferenceTensor,
  readReference,
  sharedPath,
  testBackends,
  toTensor,
} from '@dr2net/testing';
import { mul, stack, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExactScale, type HeadRead, type Method, runStates, type SubBlock } from '../src/index.ts';
import { gradientsOf } from './gradients.ts';
import { referenceStack } from './vit.ts';

const folder = sharedPath('reference/block-dr2net');
const expected = folder ? readReference(join(folder, 'expected.safetensors')) : new Map<string, ReferenceTensor>();

const conventional: Method = { name: 'conventional' };
const checkpoint: Method = { name: 'checkpoint', every: 5 };
const exact: Method = { name: 'exact', verify: true };
const auto: Method = { name: 'reversible' };
const tolerance = Number.POSITIVE_INFINITY;
const reversible = (anchors = 0): Method => ({ name: 'reversible', anchors, tolerance });

/** α, β, the methods that must agree to 1e-4 there, the head read. Rounding decides how many anchors that takes. */
const cases: [number, number, Method[], HeadRead?][] = [
  [1, 0, [conventional, checkpoint, { name: 'checkpoint' }]],
  [1, 0.1, [conventional, checkpoint, exact, auto, reversible(6)]],
  [0.9, 0.2, [conventional, checkpoint, exact, auto, reversible(3)]],
  [0.5, 0.6, [conventional, checkpoint, exact, auto, reversible(1)]],
  [0.4, 0.7, [conventional, checkpoint, exact, auto, reversible()]],
  [
    0.1,
    0.9,
    [conventional, checkpoint, exact, auto, reversible(), { name: 'reversible', anchors: [2, 7, 8], tolerance }],
  ],
  [0, 1, [conventional, checkpoint, exact, auto, reversible()]],
  [0.5, 0.6, [conventional, checkpoint, exact, auto, reversible(1)], 'mean'],
  [0.1, 0.9, [conventional, checkpoint, exact, auto, reversible()], 'mean'],
];

describe.each(await testBackends())('$name', ({ available, start }) => {
  describe.skipIf(!folder || !available)('block-dr2net', () => {
    let subBlocks: SubBlock[];
    let parameters: Parameter[];
    let x0: Tensor;
    let dy: Tensor;

    beforeAll(async () => {
      await start();
      ({ subBlocks, parameters } = referenceStack(join(folder!, 'model.safetensors'), 3));
      x0 = toTensor(expected.get('input.x')!);
      const cotangent = toTensor(expected.get('cotangent')!);
      dy = mul(cotangent, 1 / cotangent.size);
      cotangent.dispose();
    });
    afterAll(() => {
      for (const parameter of parameters) parameter.dispose();
      x0.dispose();
      dy.dispose();
    });

    test.each(cases.filter(([, , , read]) => !read))('states at (%d, %d)', async (alpha, beta) => {
      await expectNoLeak(async () => {
        const states = runStates(subBlocks, x0, inference, {
          coefficients: { alpha, beta },
          method: { name: 'conventional' },
        });
        const all = stack(states);
        await expectScaledClose(all, expected.get(`dr2net-a${alpha}-b${beta}/states`)!, { rtol: 2e-5, atol: 0 });
        for (const state of [all, ...states]) state.dispose();
      });
    });

    test.each(cases)('gradients at (%d, %d)', async (alpha, beta, methods, read = 'last') => {
      const variant = `dr2net-a${alpha}-b${beta}${read === 'mean' ? '-mean' : ''}`;
      const reference = (key: string) => expected.get(`${variant}/grad/${key}`)!;
      const scale = Math.max(...parameters.map(({ name }) => largest(reference(name))));
      for (const method of methods) {
        const result = await expectNoLeak(async () => {
          const found = await gradientsOf(subBlocks, x0, dy, {
            coefficients: { alpha, beta },
            method,
            read,
            scale: new ExactScale(),
          });
          const gradients = [...found.parameters].map(([{ name }, gradient]) => [name, gradient] as const);
          for (const [name, gradient] of [...gradients, ['input.x', found.x0!] as const]) {
            const published = gradient.rank === 2 ? tidy(() => transpose(gradient)) : gradient.clone();
            // The key bias has no true gradient, so its third of qkv.bias is compared against the network's scale.
            const tolerance = { rtol: 1e-4, atol: 1e-6 * scale };
            await expectScaledClose(published, reference(name), tolerance, `${method.name} ${variant} ${name}`);
            published.dispose();
          }
          expect(found.parameters.size).toBe(parameters.length);
          found.dispose();
          return found;
        });
        if (method.name === 'exact') expect(result.checks.identical).toBe(true);
      }
    });
  });
});

function largest(reference: ReferenceTensor): number {
  return Array.from(reference.data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
