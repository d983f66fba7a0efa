/** The float64 network against the independent results of PyTorch. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectScaledClose } from '../close.ts';
import { type ReferenceTensor, readReference, sharedPath } from '../shared.ts';
import { run64, transformer64 } from './index.ts';
import { transposed } from './matrix.ts';

const folder = sharedPath('reference/block-dr2net');

const numbers = ({ data }: ReferenceTensor) => Float64Array.from(data);

describe.skipIf(!folder)('block-dr2net', () => {
  const file = (name: string) => readReference(join(folder!, name));
  test.each([
    [1, 0, 'last'],
    [0.5, 0.6, 'last'],
    [0, 1, 'last'],
    [0.1, 0.9, 'mean'],
  ] as const)('(%d, %d), the head reads %s', async (alpha, beta, read) => {
    const model = file('model.safetensors');
    const expected = file('expected.safetensors');
    const weights = new Map(
      [...model].map(([name, tensor]) => {
        const [outputs = 0, inputs] = tensor.shape;
        return [name, inputs === undefined ? numbers(tensor) : transposed(numbers(tensor), outputs, inputs)];
      }),
    );
    const cotangent = numbers(expected.get('cotangent')!);
    const result = run64({
      residuals: transformer64(weights, 6, { tokens: 17, width: 48, heads: 3 }),
      x0: numbers(expected.get('input.x')!),
      cotangent: cotangent.map((value) => value / cotangent.length),
      ...{ alpha, beta, read },
    });
    const variant = `dr2net-a${alpha}-b${beta}${read === 'mean' ? '-mean' : ''}`;
    const reference = (key: string) => expected.get(`${variant}/grad/${key}`)!;
    const close = (data: Float64Array, name: string) => {
      const { shape } = reference(name);
      const published = shape.length === 2 ? transposed(data, shape[1]!, shape[0]!) : data;
      // The references are stored as float32; the key bias, a third of qkv.bias, has no true gradient.
      return expectScaledClose({ shape, data: published }, reference(name), { rtol: 2e-7, atol: 1e-12 }, name);
    };
    await close(result.x0, 'input.x');
    expect(result.parameters.size).toBe(model.size);
    for (const [name, gradient] of result.parameters) await close(gradient, name);
  });
});
