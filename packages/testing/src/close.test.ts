import '@tensorflow/tfjs-backend-cpu';
import { tensor1d } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectClose, expectIdentical, expectNoLeak, expectScaledClose } from './index.ts';

const tight = { rtol: 1e-6, atol: 1e-6 };
const reference = (data: number[]) => ({ shape: [data.length], data });

test('accepts what is within the tolerance and names the worst element of what is not', async () => {
  await expectClose(reference([1, 2]), reference([1 + 1e-6, 2]), tight);
  await expect(expectClose(reference([1, 2.1]), reference([1, 2]), tight)).rejects.toThrow('element 1');
  await expect(expectScaledClose(reference([0.01, 2]), reference([0, 2]), tight)).rejects.toThrow('element 0');
});

test.each([NaN, Infinity])('never passes %d against anything finite, nor NaN against itself', async (bad) => {
  await expect(expectClose(reference([bad]), reference([1]), tight)).rejects.toThrow('element 0');
  await expect(expectClose(reference([NaN]), reference([bad]), { rtol: 1, atol: 1e9 })).rejects.toThrow('element 0');
});

test('compares shapes and bits', async () => {
  await expect(expectClose(reference([1]), { shape: [1, 1], data: [1] }, tight)).rejects.toThrow('shape');
  await expect(expectIdentical(reference([0]), reference([-0]))).rejects.toThrow('exactly');
});

test('sees a leak, also behind an error', async () => {
  const leaked: { dispose(): void }[] = [];
  await expect(expectNoLeak(() => leaked.push(tensor1d([1])))).rejects.toThrow('1 tensors more');
  await expect(
    expectNoLeak(() => {
      leaked.push(tensor1d([1]));
      throw new Error('broken');
    }),
  ).rejects.toThrow('broken');
  for (const tensor of leaked) tensor.dispose();
});
