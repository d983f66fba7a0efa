/** Dispatches of our own WGSL: what they give, refuse and keep. */
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { backend, cast, dispose, memory, ones, range, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { channelScale, dualResidual, softmaxCrossEntropy, type TracedOp } from '../src/index.ts';
import { dispatch, inRow, type Shader, wide } from '../src/webgpu/dispatch.ts';

/** Sums and differences of two arrays: two outputs of one dispatch. */
const both: Shader = {
  name: 'test both',
  inputs: { a: 'f32', b: 'f32' },
  outputs: { sum: 'f32', difference: 'i32' },
  params: { size: 'u32', factor: 'f32' },
  workgroup: [64, 1, 1],
  body: `
  let i = (group.y * ${wide}u + group.x) * 64u + lane;
  if (i >= p.size) { return; }
  sum[i] = p.factor * (a[i] + b[i]);
  difference[i] = i32(a[i] - b[i]);`,
};

/** Dispatches that `body` records. */
function dispatchesOf(body: () => void): number {
  const record = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
  try {
    body();
    return record.mock.calls.length;
  } finally {
    record.mockRestore();
  }
}

describe.each(await testBackends(['webgpu']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('dispatch', () => {
    beforeAll(start);

    test('gives several outputs, of the parameters of each call', async () => {
      await expectNoLeak(async () => {
        const [a, b] = [range(0, 100), tensor1d(Array(100).fill(3))];
        for (const factor of [1, 0.5, 1]) {
          const outputs = [{ shape: [100] }, { shape: [4, 25], dtype: 'int32' }] as const;
          const [sum, difference] = dispatch(both, [a, b], outputs, { size: 100, factor }, inRow(2));
          expect(Array.from(await sum!.data())).toEqual(Array.from({ length: 100 }, (_, i) => factor * (i + 3)));
          expect(difference!.shape).toEqual([4, 25]);
          expect(Array.from(await difference!.data())).toEqual(Array.from({ length: 100 }, (_, i) => i - 3));
          for (const tensor of [sum!, difference!]) tensor.dispose();
        }
        for (const tensor of [a, b]) tensor.dispose();
      });
    });

    test('writes a part into a tensor that a dispatch made', async () => {
      const [a, b] = [range(0, 64), range(64, 128)];
      const outputs = [{ shape: [64] }, { shape: [64], dtype: 'int32' }] as const;
      const [sum, difference] = dispatch(both, [a, b], outputs, { size: 64, factor: 1 }, inRow(1));
      const none = dispatch(both, [a, b], [sum!, difference!], { size: 2, factor: 10 }, inRow(1));
      expect(none).toEqual([]);
      expect(Array.from(await sum!.data()).slice(0, 4)).toEqual([640, 660, 68, 70]);
      for (const tensor of [a, b, sum!, difference!]) tensor.dispose();
    });

    test('refuses more workgroups than the device takes, and makes nothing', () => {
      const a = range(0, 4);
      const before = memory().numTensors;
      const outputs = [{ shape: [4] }, { shape: [4], dtype: 'int32' }] as const;
      expect(() => dispatch(both, [a, a], outputs, { size: 4, factor: 1 }, [70_000, 1, 1])).toThrow(
        /^test both: 70000 × 1 × 1 workgroups; this device takes \d+ along one axis\. Use a smaller batch\.$/,
      );
      expect(memory().numTensors).toBe(before);
      a.dispose();
    });

    test('an output that is too large is refused, and nothing stays', () => {
      const a = range(0, 4);
      const [tensors, data] = [memory().numTensors, backend().numDataIds()];
      const outputs = [{ shape: [2 ** 40] }, { shape: [4], dtype: 'int32' }] as const;
      expect(() => dispatch(both, [a, a], outputs, { size: 4, factor: 1 }, inRow(1))).toThrow(
        /^test both, sum \[1099511627776\]: a tensor takes \d+ bytes; this device's limit for one tensor is \d+ bytes \(maxStorageBufferBindingSize\)/,
      );
      expect([memory().numTensors, backend().numDataIds()]).toEqual([tensors, data]);
      a.dispose();
    });

    test('integers that were cast to floats are read as numbers', async () => {
      await expectNoLeak(async () => {
        const integers = tensor1d([1, -2, 3, 7], 'int32');
        const made = cast(integers, 'float32');
        const params = { size: 4, factor: 1 };
        const outputs = [{ shape: [4] }, { shape: [4], dtype: 'int32' }] as const;
        const [sum, difference] = dispatch(both, [made, made], outputs, params, inRow(1));
        const next = dualResidual.update(made, made, made, { alpha: 0.5, beta: 0.5 });
        expect(Array.from(await sum!.data())).toEqual([2, -4, 6, 14]);
        expect(Array.from(await next.data())).toEqual([2, -4, 6, 14]);
        dispose([integers, made, sum!, difference!, next]);
      });
    });

    test('the loss is one dispatch and one for its gradient, LayerScale one and two', () => {
      const [x, gamma, one] = [ones([40, 70]), ones([70]), ones([])];
      const counts = (trace: () => TracedOp<string>, dy: Tensor) => {
        let traced: TracedOp<string> | undefined;
        const forward = dispatchesOf(() => {
          traced = trace();
        });
        const backward = dispatchesOf(() => dispose(traced!.pullback(dy) as Record<string, Tensor>));
        traced!.value.dispose();
        return [forward, backward];
      };
      expect(counts(() => softmaxCrossEntropy.trace(x, x), one)).toEqual([1, 1]);
      expect(counts(() => channelScale.trace(x, gamma) as TracedOp<string>, x)).toEqual([1, 2]);
      dispose([x, gamma, one]);
    });

    test('more workgroups than fit in a row go into several', () => {
      expect(inRow(5)).toEqual([5, 1, 1]);
      expect(inRow(2 * wide + 1)).toEqual([wide, 3, 1]);
    });
  });
});
