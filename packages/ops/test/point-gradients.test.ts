/** Grouping and interpolation, values and gradients, against the reference on every backend. */
import { join } from 'node:path';
import { expectNoLeak, expectScaledClose, readReference, sharedPath, testBackends } from '@dr2net/testing';
import { dispose, reshape, type Tensor, tensor, transpose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { groupingMap, interpolationMap, mapRows, neighbourMax, type RowMap } from '../src/index.ts';

const folder = sharedPath('reference/pointcloud-ops');
const scenes = ['random', 'duplicates', 'all-equal', 'empty-ball', 'two-known'];

describe.each(await testBackends())('$name', ({ available, start }) => {
  describe.skipIf(!available)('the maximum over neighbours', () => {
    beforeAll(start);

    test.each([0, 1, 2])('is no number where neighbour %i is none, and its gradient goes there', (which) =>
      expectNoLeak(async () => {
        const values = [1, 5, 3, 6, 2, 4];
        values[2 * which] = Number.NaN;
        const [x, dy] = [tensor(values, [1, 3, 2]), tensor([7, 8], [1, 2])];
        const { value, pullback } = neighbourMax.trace(x);
        const dx = pullback(dy).x!;
        expect([...(await value.data())]).toEqual([Number.NaN, 6]);
        const wanted = [0, 0, 0, 8, 0, 0];
        wanted[2 * which] = 7;
        expect([...(await dx.data())]).toEqual(wanted);
        dispose([x, dy, value, dx]);
      }),
    );
  });

  describe.skipIf(!available || !folder).each(scenes)('%s', (scene) => {
    beforeAll(start);
    const expected = folder ? readReference(join(folder, 'expected.safetensors')) : new Map();
    const get = (name: string) => expected.get(`${scene}/${name}`)!;

    /** [B, C, …] there, [rows, C] here. */
    const rowsOf = (name: string): Tensor => {
      const { shape, data } = get(name);
      const [batch, width] = shape;
      const there = tensor(Float32Array.from(data), [batch, width, data.length / (batch * width)]);
      const turned = transpose(there, [0, 2, 1]);
      const here = reshape(turned, [-1, width]);
      dispose([there, turned]);
      return here;
    };
    /** Indices into each cloud as places in the batch. */
    const places = (name: string, points: number) => {
      const { shape, data } = get(name);
      const each = data.length / shape[0];
      return Int32Array.from(data as ArrayLike<number>, (index, i) => index + Math.floor(i / each) * points);
    };

    const compare = (map: RowMap, x: string, y: string, cotangent: string, gradient: string) =>
      expectNoLeak(async () => {
        const [features, dy] = [rowsOf(x), rowsOf(cotangent)];
        const { value, pullback } = mapRows.trace(features, map);
        const dx = pullback(dy).x!;
        for (const [actual, name] of [
          [value, y],
          [dx, gradient],
        ] as const) {
          const wanted = rowsOf(name);
          await expectScaledClose(
            actual,
            { shape: wanted.shape, data: await wanted.data() },
            { rtol: 2e-6, atol: 0 },
            name,
          );
          wanted.dispose();
        }
        dispose([features, dy, value, dx]);
      });

    test('grouping', () => {
      const [batch, points] = get('points').shape;
      const map = groupingMap({
        points: batch * points,
        size: get('knn.indices').shape[2],
        neighbours: places('knn.indices', points),
      });
      return compare(map, 'features', 'group.output', 'group.cotangent', 'group.grad.features');
    });

    test('interpolation', () => {
      const [batch, known] = get('known').shape;
      const weights = Float32Array.from(get('three.weights').data);
      const map = interpolationMap(batch * known, places('three.indices', known), weights);
      return compare(map, 'known_features', 'three.output', 'three.cotangent', 'three.grad.known_features');
    });
  });
});
