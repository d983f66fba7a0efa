/** The mean of several layers' outputs: its value and gradients, and nothing left where it ends in an error. */
import '@tensorflow/tfjs-backend-cpu';
import { Linear } from '@dr2net/layers';
import { inference, Parameter, trainingContext } from '@dr2net/ops';
import { expectNoLeak } from '@dr2net/testing';
import { memory, setBackend, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { average } from '../src/heads/average.ts';

describe('average', () => {
  let parameters: Parameter[] = [];
  let head: ReturnType<typeof average>;
  beforeAll(async () => {
    await setBackend('cpu');
    parameters = [
      [1, 2],
      [3, 6],
    ].map((weights, i) => new Parameter(`w${i}`, tensor2d(weights, [2, 1])));
    head = average(parameters.map((weight) => new Linear(weight, null)));
  });
  afterAll(() => {
    for (const { variable } of parameters) variable.dispose();
  });
  const rows = () => tensor2d([1, 1, 2, 0], [2, 2]);

  it('is the mean, and its gradients are the shares', () =>
    expectNoLeak(async () => {
      const x = rows();
      const applied = head.apply(x, inference);
      const { value, pullback } = head.trace(x, trainingContext(1));
      const dy = tensor2d([1, 1], [2, 1]);
      const found: number[][] = [];
      const dx = pullback(dy, (_, gradient) => {
        found.push([...gradient.dataSync()]);
        gradient.dispose();
      });
      expect([...applied.dataSync()]).toEqual([6, 4]);
      expect([...value.dataSync()]).toEqual([6, 4]);
      expect([...dx.dataSync()]).toEqual([2, 4, 2, 4]);
      expect(found).toEqual([
        [1.5, 0.5],
        [1.5, 0.5],
      ]);
      for (const tensor of [x, applied, value, dy, dx]) tensor.dispose();
    }));

  it('leaves nothing where the way back fails at its first step', () => {
    const x = rows();
    const before = memory().numTensors;
    const { value, pullback } = head.trace(x, trainingContext(1));
    const dy = tensor2d([1, 1], [2, 1]);
    for (const tensor of [value, dy]) tensor.dispose();
    expect(() => pullback(dy, (_, gradient) => gradient.dispose())).toThrow();
    expect(memory().numTensors).toBe(before);
    x.dispose();
  });
});
