/** Training accuracy: of a sample's class and of every point's, on each backend, without leaks. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { expectNoLeak } from '@dr2net/testing';
import { setBackend, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { hitsOf } from '../src/loop/accuracy.ts';

const batch = (labels?: ArrayLike<number>) => ({ ids: ['a', 'b'], size: 2, ...(labels && { labels }), dispose() {} });

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await setBackend(backend);
  });

  /** Of logits whose largest are at `classes`. */
  async function hits(labels: ArrayLike<number> | undefined, classes: readonly number[], shape: readonly number[]) {
    const width = shape.at(-1) as number;
    const output = tensor(
      classes.flatMap((label) => Array.from({ length: width }, (_, k) => (k === label ? 1 : -k))),
      [...shape],
    );
    const found = hitsOf(batch(labels), output);
    const read = found && { correct: (await found.correct.data())[0], counted: found.counted };
    output.dispose();
    found?.correct.dispose();
    return read;
  }

  it('counts samples', () =>
    expectNoLeak(async () => {
      expect(await hits([2, 1], [2, 0], [2, 3])).toEqual({ correct: 1, counted: 2 });
      expect(await hits([2, 0], [2, 0], [2, 3])).toEqual({ correct: 2, counted: 2 });
    }));

  it('counts the points of samples, but those that are ignored', () =>
    expectNoLeak(async () => {
      const labels = Int32Array.of(0, 255, 1, 2, 2, 255);
      expect(await hits(labels, [0, 1, 2, 2, 2, 0], [2, 3, 3])).toEqual({ correct: 3, counted: 4 });
      expect(await hits(Int32Array.of(255, 255), [0, 1], [1, 2, 3])).toBeUndefined();
    }));

  it('counts many points to the last one', () =>
    expectNoLeak(async () => {
      const labels = new Int32Array(40_001).fill(1);
      const output = zeros([1, labels.length, 2]);
      labels[7] = 0;
      const found = hitsOf(batch(labels), output);
      expect([(await found!.correct.data())[0], found!.counted]).toEqual([1, 40_001]);
      output.dispose();
      found!.correct.dispose();
    }));

  it('tells nothing of other outputs', () =>
    expectNoLeak(async () => {
      expect(await hits(undefined, [2, 0], [2, 3])).toBeUndefined();
      expect(await hits([1], [2, 0], [2, 3])).toBeUndefined();
      expect(await hits([1, 0, 2], [2], [3])).toBeUndefined();
    }));
});
