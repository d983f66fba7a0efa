import { expectNoLeak, testBackends } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MemoryLimitError, meter, track, VARIABLES } from '../src/index.ts';

const KB = 1024;
/** A tensor of 1 KiB. */
const kilo = () => tf.tensor1d(new Float32Array(256));
const hooks = () =>
  ['runKernel', 'trackTensor', 'disposeTensor', 'removeDataId'].filter((name) => Object.hasOwn(tf.engine(), name));

describe.each((await testBackends()).filter(({ available }) => available))('on $name', ({ start }) => {
  beforeAll(start);
  afterEach(() => {
    // No hook survives its meter.
    expect(hooks()).toEqual([]);
  });

  test('sees the peak inside a tidy, which is gone when it ends', async () => {
    const { result, memory } = await track(() =>
      tf.tidy(() => {
        const a = kilo();
        const b = tf.neg(a);
        const c = tf.neg(b);
        return tf.neg(c);
      }),
    );
    expect(memory.peakBytes - memory.startBytes).toBe(4 * KB);
    expect(memory.endBytes - memory.startBytes).toBe(1 * KB);
    result.dispose();
  });

  test('a limit stops what would go on beyond it, and goes with its meter', async () => {
    const x = kilo();
    const chain = (steps: number) =>
      tf.tidy(() => {
        let y: tf.Tensor = x;
        for (let i = 0; i < steps; i++) y = tf.neg(y);
        return y;
      });
    const before = tf.memory();
    const limit = before.numBytes + 2 * KB;
    await expect(track(() => chain(4), { limit })).rejects.toThrow(MemoryLimitError);
    await expect(track(() => chain(4), { limit })).rejects.toThrow(/alive, more than the limit of/);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    const { result } = await track(() => chain(3), { limit });
    // Views take nothing.
    await track(() => tf.dispose([kilo(), kilo(), kilo(), tf.reshape(x, [16, 16])]), { limit });
    tf.dispose([result, chain(8), x]);
  });

  test('sees the peak inside a composed op', async () => {
    const x = kilo();
    const { result, memory } = await track(() => tf.moments(x));
    expect(memory.peakBytes - memory.startBytes).toBeGreaterThanOrEqual(2 * KB);
    tf.dispose([result.mean, result.variance, x]);
  });

  test('counts a buffer once, however many views are on it, where numBytes counts each', async () => {
    const before = tf.memory().numBytes;
    const { memory } = await track(() => {
      const x = kilo();
      // Not `clone`: on wasm it copies.
      const views = [tf.reshape(x, [16, 16]), tf.reshape(x, [4, 64])];
      expect(tf.memory().numBytes - before).toBe(3 * KB);
      x.dispose();
      tf.dispose(views);
    });
    // Node's kernel makes a tensor of the new shape's two numbers.
    expect(memory.peakBytes - memory.startBytes).toBeLessThanOrEqual(KB + 8);
    expect(memory.endBytes - memory.startBytes).toBe(0);
  });

  test('a buffer from before is subtracted when it goes', async () => {
    const x = kilo();
    const { memory } = await track(() => x.dispose());
    expect(memory.endBytes - memory.startBytes).toBe(-KB);
  });

  test('phases, and activations apart from variables and what was excluded', async () => {
    const initial = kilo();
    const weight = tf.variable(initial);
    initial.dispose();
    const { memory } = await track((m) => {
      m.phase('forward');
      const activation = kilo();
      m.phase('backward');
      const gradient = kilo();
      m.exclude(gradient, 'gradients');
      const second = kilo();
      m.exclude([second], 'gradients');
      m.phase('optimizer');
      activation.dispose();
      weight.assign(tf.tidy(() => tf.sub(weight, gradient)));
      tf.dispose([gradient, second]);
      m.phase('forward');
      kilo().dispose();
    });
    const start = memory.startBytes;
    const phases = Object.fromEntries(memory.phases.map((phase) => [phase.name, phase.peakBytes - start]));
    expect(phases).toMatchObject({ forward: KB, backward: 3 * KB, optimizer: 3 * KB });
    expect(memory.phases.map(({ name }) => name)).toEqual(['start', 'forward', 'backward', 'optimizer']);
    expect(memory.categoriesAtPeak).toEqual({ [VARIABLES]: KB, gradients: 2 * KB });
    // In `backward` the activation and the gradient that is not yet named.
    const backward = memory.phases.find(({ name }) => name === 'backward')!;
    expect(backward.activationPeakBytes - (start - KB)).toBe(2 * KB);
    weight.dispose();
  });

  test('a variable that lets its buffer go gives it back to the activations', async () => {
    const initial = kilo();
    const m = meter();
    const variable = tf.variable(initial);
    const without = m.activationBytes;
    variable.dispose();
    expect(m.activationBytes - without).toBe(KB);
    initial.dispose();
    expect(m.activationBytes - without).toBe(0);
    m.stop();
  });

  test('bytes set apart by number', () => {
    const m = meter();
    const before = m.activationBytes;
    m.exclude(100, 'elsewhere');
    expect(m.activationBytes - before).toBe(-100);
    m.exclude(-100, 'elsewhere');
    expect(m.activationBytes - before).toBe(0);
    m.stop();
  });

  test('takes the hooks off when the function throws, and leaks nothing', async () => {
    await expectNoLeak(async () => {
      await expect(
        track(async () => {
          await Promise.resolve();
          throw new Error('broken');
        }),
      ).rejects.toThrow('broken');
    });
  });

  test('nested and overlapping meters have their own windows', async () => {
    const outer = meter();
    const a = kilo();
    const { memory: inner } = await track(async () => {
      const b = kilo();
      await tf.nextFrame();
      b.dispose();
    });
    const late = meter();
    a.dispose();
    const report = outer.stop();
    expect(hooks()).toHaveLength(4);
    kilo().dispose();
    expect(report.peakBytes - report.startBytes).toBe(2 * KB);
    expect(inner.peakBytes - inner.startBytes).toBe(KB);
    expect(late.stop().peakBytes).toBe(late.read().startBytes);
    expect(outer.stop()).toBe(report);
  });

  test('a reset begins a new window', () => {
    const m = meter();
    tf.dispose([kilo(), kilo(), kilo()]);
    m.reset();
    m.phase('second');
    kilo().dispose();
    const report = m.stop();
    expect(report.peakBytes - report.startBytes).toBe(KB);
    expect(report.phases.map(({ name }) => name)).toContain('second');
  });

  test('agrees with the engine over random programs without clones', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.boolean()), { maxLength: 40 }), (program) => {
        const m = meter();
        const live: tf.Tensor[] = [];
        let peak = m.bytes;
        for (const [size, release] of program) {
          if (release) live.shift()?.dispose();
          else live.push(tf.tensor1d(new Float32Array(size)));
          expect(m.bytes).toBe(tf.memory().numBytes);
          peak = Math.max(peak, m.bytes);
        }
        tf.dispose(live);
        expect(m.stop().peakBytes).toBe(peak);
      }),
      { numRuns: 30 },
    );
  });
});

test('device bytes come from the probe, peak by phase', async () => {
  let [bytes, peak] = [10, 10];
  const use = (value: number) => {
    bytes = value;
    peak = Math.max(peak, value);
  };
  const resetPeak = () => {
    peak = bytes;
  };
  const probe = { kind: 'test', current: () => bytes, peak: () => peak, resetPeak };
  const { memory } = await track(
    (m) => {
      m.phase('forward');
      use(50);
      use(20);
      m.phase('backward');
      use(30);
      use(15);
    },
    { probe },
  );
  expect(memory.device).toEqual({ kind: 'test', startBytes: 10, peakBytes: 50, endBytes: 15 });
  expect(memory.phases.map(({ name, devicePeakBytes }) => [name, devicePeakBytes])).toEqual([
    ['start', 10],
    ['forward', 50],
    ['backward', 30],
  ]);
});

test('a probe that cannot tell leaves device bytes out', async () => {
  const probe = { kind: 'mute', current: () => undefined, peak: () => undefined, resetPeak: () => {} };
  const { memory } = await track(() => kilo().dispose(), { probe });
  expect(memory.device).toBeUndefined();
  expect(memory.phases[0]).not.toHaveProperty('devicePeakBytes');
});

test('the timeline is bounded and keeps the peak', async () => {
  const { memory } = await track(
    () => {
      for (let i = 0; i < 1000; i++) tf.ones([i === 777 ? 4096 : 8]).dispose();
    },
    { points: 32 },
  );
  expect(memory.timeline.length).toBeLessThanOrEqual(32);
  expect(memory.timeline.length).toBeGreaterThan(8);
  expect(Math.max(...memory.timeline.map((point) => point.bytes))).toBe(memory.peakBytes);
  const seconds = memory.timeline.map((point) => point.seconds);
  expect([...seconds].sort((a, b) => a - b)).toEqual(seconds);
});
