/** Deformable attention makes nothing large on its way: no sampled values of all points, no matrix of queries and cells. */
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { dispose, engine, ones, randomUniform, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { implementations } from './conformance/implementations.ts';

const shapes = [
  [14, 14],
  [7, 7],
  [4, 4],
  [2, 2],
] as const;
const [queries, heads, width, points] = [60, 8, 256, 4];
const sources = shapes.reduce((sum, [height, across]) => sum + height * across, 0);

/** Sizes of the tensors that `body` makes. */
function sizesMade(body: () => void): number[] {
  const track = vi.spyOn(engine(), 'trackTensor');
  try {
    body();
    return track.mock.calls.map(([{ size }]) => size);
  } finally {
    track.mockRestore();
  }
}

describe.each(await testBackends())('$name', ({ available, start }) => {
  describe.skipIf(!available)('deformableAttention', () => {
    beforeAll(start);

    for (const { label = 'chosen', kernel, here } of implementations.deformableAttention)
      test(`${label}: no tensor larger than 4 × its output, besides value and its gradient`, ({ skip }) => {
        if (!here()) skip('an implementation of other backends');
        return expectNoLeak(() => {
          const value = ones([1, sources, width]);
          const locations = randomUniform([1, queries, heads, shapes.length, points, 2], 0, 1, 'float32', 1);
          const weights = ones([1, queries, heads, shapes.length, points]);
          const dy = ones([1, queries, width]);
          const made = sizesMade(() => {
            const { value: y, pullback } = kernel.trace(value, locations, weights, { shapes });
            dispose([y, pullback(dy) as Record<string, Tensor>]);
          });
          // Handles on the value, its gradient, and what that is put together from have its size.
          const others = made.filter((size) => size !== value.size);
          expect(made.length - others.length, 'the gradient of value').toBeGreaterThan(0);
          expect(Math.max(...others)).toBeLessThanOrEqual(4 * dy.size);
          expect(4 * dy.size).toBeLessThan(value.size);
          dispose([value, locations, weights, dy]);
        });
      });
  });
});
