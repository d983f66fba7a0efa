/** Point segmenters in parts: the results do not depend on how rows are cut, and no part of the network takes much more than another. */
import '@tensorflow/tfjs-backend-cpu';
import { trainingContext } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose } from '@dr2net/testing';
import { mul, setBackend, type Tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { applySegmenter, traceSegmenter } from '../src/index.ts';
import { peaksByPart, pointSetting } from './point-parts.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const small = { points: 80, batch: 2, width: 8, heads: 2, depth: 1, groupSize: 4 };

/** Logits, running statistics and every gradient of one training step, with dropout. */
function step(partRows: number): Map<string, Tensor> {
  const { model, geometry, features, dispose } = pointSetting({ ...small, partRows });
  const found = new Map<string, Tensor>();
  const context = trainingContext(7);
  const options = { coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' }, context } as const;
  const { value, pullback } = traceSegmenter(model, features, geometry, { ...options, featureGradient: true });
  found.set('logits', value);
  const dLogits = mul(value, value);
  found.set('features', pullback(dLogits, ({ name }, gradient) => void found.set(name, gradient))!);
  dLogits.dispose();
  for (const { name, variable } of model.parameters)
    if (/norm\.(mean|variance)$/.test(name)) found.set(name, variable.clone());
  found.set('applied', applySegmenter(model, features, geometry, { ...options, context: trainingContext(8) }));
  dispose();
  return found;
}

test('logits, statistics and gradients are the same whatever the parts, with dropout too', async () => {
  const whole = step(1e6);
  const largest = (x: Tensor) => Array.from(x.dataSync()).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const values = /^logits$|^applied$|norm\.(mean|variance)$/;
  // A bias below differences from the centre and BatchNorm has no gradient: what is found there is the rounding of the others' size.
  const scale = Math.max(...[...whole].map(([name, tensor]) => (values.test(name) ? 0 : largest(tensor))));
  expect([...whole.keys()].filter((name) => name.startsWith('decoder.')).length).toBe(2 * 2 * 5);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 90 }), (partRows) =>
      expectNoLeak(async () => {
        const found = step(partRows);
        expect([...found.keys()].sort()).toEqual([...whole.keys()].sort());
        for (const [name, wanted] of whole) {
          const actual = found.get(name)!;
          const tolerance = { rtol: 2e-5, atol: values.test(name) ? 0 : 5e-6 * scale };
          const reference = { shape: wanted.shape, data: wanted.dataSync() };
          await expectScaledClose(actual, reference, tolerance, `${name}, ${partRows} rows`);
          actual.dispose();
        }
      }),
    ),
    { numRuns: 8, examples: [[1], [7], [32], [79]] },
  );
  for (const each of whole.values()) each.dispose();
});

test('tokenizer, and decoder with head, keep at most twice what the reversible part keeps', () =>
  expectNoLeak(async () => {
    const setting = pointSetting({ points: 1024, batch: 2, width: 48, heads: 2, depth: 2, groupSize: 8, partRows: 64 });
    const peaks = peaksByPart(setting, trainingContext(1));
    setting.dispose();
    const peakOf = (part: string) =>
      Math.max(...peaks.filter(({ name }) => name.startsWith(part)).map(({ peakBytes }) => peakBytes));
    expect(peaks.length).toBe(6);
    for (const part of ['tokenizer', 'decoder and head'])
      expect(peakOf(part), part).toBeLessThanOrEqual(2 * peakOf('reversible part'));
  }));
