/** The gradient of a maximum over rows that come in parts: a winner that lies in another part gets nothing here. */
import { expectClose, expectNoLeak, testBackends } from '@dr2net/testing';
import { dispose, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { neighbourMax } from '../src/index.ts';

describe.each(await testBackends())('$name', ({ available, start }) => {
  describe.skipIf(!available)('neighbourMax.gradient', () => {
    beforeAll(start);

    test('sends nothing to rows that are not there', () =>
      expectNoLeak(async () => {
        const winner = tensor([-1, 1, 2, 0, 5, -3], [3, 2], 'int32');
        const dy = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
        const dx = neighbourMax.gradient(winner, dy, 2);
        const expected = { shape: [3, 2, 2], data: [0, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0] };
        await expectClose(dx, expected, { rtol: 0, atol: 0 });
        dispose([winner, dy, dx]);
      }));
  });
});
