/** A whole measurement of a tiny network, on wasm: what it says is what is there. */
import { startBackend } from '@dr2net/backends';
import { predictMemory } from '@dr2net/memory';
import { memoryModel, methodSetting } from '@dr2net/models';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Case } from './case.ts';
import { fakeCase, fakeSize } from './fake.ts';
import { measure } from './measure.ts';
import { checkResult, resultSchema } from './result.ts';
import { classes, configOf } from './size.ts';
import { methodSettings } from './subjects/names.ts';

const one = (changes: Partial<Case> = {}): Case => ({ ...fakeCase, ...changes });

beforeAll(() => startBackend('wasm'));

describe('a measurement', () => {
  it('of our methods has the activation peak that the planner predicts, and leaves nothing', async () => {
    // So many tokens that what the optimizer makes on its way, which the planner counts too, is less than a step's peak.
    const size = { ...fakeSize, side: 8 };
    const model = memoryModel(configOf(size), { classes });
    for (const subject of ['conventional', 'reversible', 'exact'] as const) {
      const before = tf.memory().numTensors;
      const { memory, growth, times, forwardFlops, throughput } = await measure(one({ subject, size }));
      const { method, coefficients } = methodSettings[subject];
      const { activationPeakBytes } = predictMemory(model, {
        ...methodSetting(method, coefficients, model.subBlocks),
        ...{ read: 'last', batch: fakeCase.size.batch, backend: 'wasm' },
        training: {
          optimizer: 'adamw',
          decay: true,
          update: 'collect',
          accumulate: 1,
          chunks: 1,
          clip: false,
          ema: false,
        },
      });
      expect(Math.abs((memory?.activationPeakBytes ?? 0) / activationPeakBytes - 1), subject).toBeLessThan(0.01);
      expect(growth).toEqual({ tensors: 0, bytes: 0 });
      expect(times.step).toHaveLength(3);
      expect(times.products).toHaveLength(3);
      expect(forwardFlops).toBe(2 * fakeCase.size.batch * (model.arithmetic.subBlocks + model.arithmetic.rest));
      expect(throughput?.flops).toBeGreaterThan(1e8);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('of clouds tells peaks and times by part, and when the geometry was made', async () => {
    const size = { width: 24, heads: 3, depth: 1, points: 128, batch: 1, part: 'whole' } as const;
    const { memory, geometrySeconds, growth, times } = await measure(one({ subject: 'exact', size, repetitions: 1 }));
    const phases = memory?.phases ?? [];
    expect(phases.map(({ name }) => name)).toEqual([
      'tokenizer forward',
      'blocks forward',
      'decoder forward',
      'decoder backward',
      'blocks backward',
      'tokenizer backward',
    ]);
    expect(memory?.activationPeakBytes).toBe(Math.max(...phases.map((phase) => phase.activationPeakBytes)));
    expect(geometrySeconds).toBeGreaterThan(0);
    expect(growth).toEqual({ tensors: 0, bytes: 0 });
    expect(times.products).toBeUndefined();
  });

  it('stops timing when its seconds are over, but not before three repetitions', async () => {
    const { times } = await measure(one({ subject: 'frozen', repetitions: 9, budgetSeconds: 0 }));
    expect(times.step).toHaveLength(3);
    const fewer = await measure(one({ subject: 'frozen', repetitions: 2 }));
    expect(fewer.times.forward).toHaveLength(2);
  });

  it('is a result when it is known where it was made', async () => {
    const measurement = await measure(one({ subject: 'exact', size: { ...fakeCase.size, depth: 1 } }));
    const machine = { processor: 'a test', cores: 1, platform: 'here' };
    const result = {
      schema: resultSchema,
      kind: 'bench',
      machine,
      versions: {},
      commit: 'none',
      date: new Date().toISOString(),
      ...measurement,
      rounds: 1,
    };
    expect(checkResult(JSON.parse(JSON.stringify(result)), 'memory').rebuiltIdentical).toBe(true);
  });

  it('refuses a backend that jax-js has not, and passes the error of one that is unknown', async () => {
    await expect(measure(one({ subject: 'jax', backend: 'cpu' }))).rejects.toThrow('not on cpu');
    await expect(measure(one({ backend: 'wasn' }))).rejects.toThrow('wasm');
    await startBackend('wasm');
  });
});
