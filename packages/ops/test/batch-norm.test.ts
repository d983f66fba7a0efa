/** Statistics of a batch that comes in parts. */
import '@tensorflow/tfjs-backend-cpu';
import { expectClose, expectNoLeak } from '@dr2net/testing';
import { dispose, setBackend, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, test } from 'vitest';
import { batchNorm } from '../src/index.ts';
import { generator } from './conformance/random.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

test('have the variance of channels that lie far from 0, whatever the parts', () =>
  expectNoLeak(async () => {
    const next = generator(3);
    const [rows, width] = [3000, 2];
    // The parts' own means differ too. A difference of squares would lose a variance of 1/12 beside 1e8.
    const x = Float32Array.from({ length: rows * width }, (_, i) => 1e4 + next() + (i < rows ? 0 : 0.5));
    const column = (c: number) => Array.from({ length: rows }, (_, row) => x[row * width + c]!);
    const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const expected = [0, 1].map((c) => {
      const mean = meanOf(column(c));
      return meanOf(column(c).map((value) => (value - mean) ** 2));
    });
    const cuts = [0, 1, 700, 1500, 2999, rows];
    const parts = cuts.slice(1).map((end, i) => {
      const part = tensor(x.subarray(cuts[i]! * width, end * width), [end - cuts[i]!, width]);
      const statistics = batchNorm.statistics(part);
      part.dispose();
      return { ...statistics, count: end - cuts[i]! };
    });
    const merged = batchNorm.merge(parts);
    await expectClose(merged.variance, { shape: [width], data: expected }, { rtol: 1e-3, atol: 0 });
    dispose([merged.mean, merged.variance, ...parts.flatMap(({ mean, variance }) => [mean, variance])]);
  }));
