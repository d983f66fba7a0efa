/** The lists of points by square in WGSL: whatever order the points' places were given in, they are sorted. */
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { dispose, tensor1d, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { geometry } from '../src/deformable-attention/geometry.ts';
import { sort } from '../src/deformable-attention/wgsl/lists.ts';
import { perIndex, runEach } from '../src/deformable-attention/wgsl/parts.ts';
import { generator } from './conformance/random.ts';

/** Copies, as the sort needs a tensor that a dispatch made. */
const copy = perIndex({ name: 'test copy', inputs: { x: 'i32' }, outputs: { y: 'i32' }, body: 'y[index] = x[index];' });

describe.each(await testBackends(['webgpu']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('lists of points', () => {
    beforeAll(start);

    test('are sorted, square by square, for each batch element and head', () =>
      expectNoLeak(async () => {
        // Squares of 0, 1, 2 … points and one of many, for two heads; some room is left at the end of each head's.
        const counts = [0, 1, 2, 3, 4, 5, 31, 0, 700];
        const [value, locations] = [zeros([1, 4, 2]), zeros([1, 200, 2, 1, 4, 2])];
        const weights = zeros([1, 200, 2, 1, 4]);
        const g = geometry(value, locations, weights, { shapes: [[2, 2]] });
        expect(g.squares).toBe(counts.length);
        const room = g.queries * g.points;
        const next = generator(3);
        const given = Array.from({ length: 2 * room }, (_, n) => ({ n, key: next() }));
        given.sort((a, b) => a.key - b.key);
        const numbers = given.map(({ n }) => n);
        const ends: number[] = [];
        const expected = [...numbers];
        for (const head of [0, 1]) {
          let at = head * room;
          for (const count of counts) {
            const sorted = numbers.slice(at, at + count).sort((a, b) => a - b);
            expected.splice(at, count, ...sorted);
            at += count;
            ends.push(at);
          }
        }
        const inputs = [tensor1d(numbers, 'int32'), tensor1d(ends, 'int32')] as const;
        const outputs = [{ shape: [2 * room], dtype: 'int32' }] as const;
        const [list] = runEach(copy, g, 2 * room, [inputs[0]], [...outputs]);
        runEach(sort, g, 2 * g.squares, [inputs[1]], [list!]);
        expect(Array.from(await list!.data())).toEqual(expected);
        dispose([value, locations, weights, ...inputs, list!]);
      }));
  });
});
