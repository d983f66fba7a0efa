/** The loop on a tiny classifier with a real reversible run. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { type Method, ToleranceError } from '@dr2net/core';
import { cosineRate, dynamic } from '@dr2net/schedulers';
import { expectNoLeak } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamW, type FinetuneEvent, finetune, NonFiniteLossError, type StepEvent, sgd } from '../src/index.ts';
import { type ToyModel, toyModel, toySource } from './toy.ts';

type Events = FinetuneEvent<{ accuracy: number }>[];
type Options = Parameters<typeof finetune<never, never>>[2];

beforeAll(async () => {
  await tf.setBackend('cpu');
});

async function run(
  model: ToyModel,
  options: Omit<Options, 'evaluate'> & Record<string, unknown>,
  source = toySource(),
) {
  const events: Events = [];
  for await (const event of finetune(model, source, options as never)) events.push(event as Events[number]);
  return events;
}

const stepsOf = (events: Events) => events.filter((event): event is StepEvent => event.type === 'step');
const lossesOf = (events: Events) => stepsOf(events).map(({ loss }) => loss);

const weightsOf = (model: ToyModel) => model.parameters.map(({ name, variable }) => [name, [...variable.dataSync()]]);

const methods: Method[] = [
  { name: 'conventional' },
  { name: 'checkpoint' },
  { name: 'reversible' },
  { name: 'exact', verify: true },
];

test.each(methods)('learns by $name', async (method) => {
  await expectNoLeak(async () => {
    const model = toyModel({ method, coefficients: { alpha: 0.5, beta: 0.5 } });
    const events = await run(model, {
      epochs: 8,
      optimizer: adamW({ lr: 0.02 }),
      evaluate: toySource({ batches: 2, size: 16 }),
    });
    const steps = stepsOf(events);
    expect(steps).toHaveLength(32);
    expect(steps.at(-1)).toMatchObject({ step: 32, total: 32, epoch: 8, method: method.name, alpha: 0.5, beta: 0.5 });
    expect(steps.at(-1)!.loss).toBeLessThan(0.6 * steps[0]!.loss);
    expect(steps.at(-1)!.accuracy).toBeGreaterThan(0.7);
    const evaluations = events.filter((event) => event.type === 'evaluation');
    expect(evaluations.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(evaluations.at(-1)!.evaluation.accuracy).toBeGreaterThan(0.9);
    expect(events.at(-1)).toEqual({ type: 'end', reason: 'finished', step: 32, epoch: 8 });
    if (method.name === 'exact') expect(steps.every(({ identical }) => identical)).toBe(true);
    expect(model.method).toBe(method);
    model.dispose();
  });
});

describe('reversible', () => {
  const coefficients = { alpha: 0.5, beta: 0.5 };

  test('reports its anchors and what they measured in every step, and remembers it from step to step', async () => {
    const model = toyModel({ method: { name: 'reversible' }, coefficients });
    const factors: number[] = [];
    const step = model.step.bind(model);
    model.step = (batch, options) => {
      const control = options.anchorsOf!(0);
      if (factors.length === 0) control.observe(8);
      factors.push(control.factor);
      return step(batch, options);
    };
    const steps = stepsOf(await run(model, { steps: 4 }));
    for (const { anchors, anchorError, gradientError } of steps) {
      expect(anchors).toBeGreaterThan(0);
      expect(anchorError).toBeGreaterThan(0);
      expect(anchorError).toBeLessThan(1e-5);
      expect(gradientError).toBeLessThan(1e-5);
    }
    // One bad step is remembered, and forgotten by halves.
    expect(factors).toEqual([8, 4, 2, 2]);
    expect(steps[0]!.anchors).toBeGreaterThan(steps[3]!.anchors!);
    model.dispose();
  });

  test('tells once when a step is beyond the tolerance, and the step counts', async () => {
    const model = toyModel({ method: { name: 'reversible' }, coefficients });
    const step = model.step.bind(model);
    model.step = async (batch, options) => {
      const result = await step(batch, options);
      const check = async () => ({ worstAnchorError: 2e-4, gradientError: 3e-4 });
      return { ...result, reports: result.reports.map((report) => ({ ...report, check })) };
    };
    const events = await run(model, { steps: 3 });
    expect(stepsOf(events).map(({ gradientError }) => gradientError)).toEqual([3e-4, 3e-4, 3e-4]);
    const warnings = events.filter((event) => event.type === 'warning').map(({ message }) => message);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /0\.00030 .* beyond the tolerance of 0\.0000015; the step counts, and the next steps keep more/,
    );
    model.dispose();
  });

  test('refuses anchors that do not keep the tolerance before the first step', () => {
    const model = toyModel({ coefficients: { alpha: 1, beta: 0.01 } });
    const options = { steps: 1, method: { name: 'reversible', anchors: 0 } } as const;
    expect(() => finetune(model, toySource(), options)).toThrow(ToleranceError);
    expect(() => finetune(model, toySource(), { ...options, method: { name: 'reversible', tolerance: 0 } })).toThrow(
      'tolerance is 0',
    );
    model.dispose();
  });
});

test('tells once which coefficients exact has in the place of those asked for', async () => {
  const model = toyModel({ method: { name: 'exact' }, coefficients: { alpha: 0.9, beta: 0.1 } });
  const events = await run(model, { steps: 3 });
  const warnings = events.filter((event) => event.type === 'warning').map(({ message }) => message);
  expect(warnings).toEqual([
    expect.stringMatching(/^alpha = 0.9 becomes 0.89999\d+, beta = 0.1 becomes 0.1000\d+: the nearest/),
  ]);
  expect(stepsOf(events)[0]).toMatchObject({ beta: 3277 / 2 ** 15 });
  model.dispose();
});

describe('update sink', () => {
  test.each(methods)('gives the bits of collect, by $name', async (method) => {
    const results = [];
    for (const update of ['collect', 'sink'] as const) {
      const model = toyModel({ method, coefficients: { alpha: 0.5, beta: 0.5 } });
      const events = await run(model, { steps: 6, update });
      results.push({ losses: lossesOf(events), weights: weightsOf(model) });
      model.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  test('waits for the last gradient of a shared parameter, which it finds by a pass of its own', async () => {
    const results = [];
    for (const update of ['collect', 'sink'] as const) {
      const model = toyModel({ shared: true });
      const events = await run(model, { steps: 5, update });
      expect(model.passes).toBe(update === 'sink' ? 6 : 5);
      results.push({ losses: lossesOf(events), weights: weightsOf(model) });
      model.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  test('the counting pass leaves the grid of exact as it was', async () => {
    const model = toyModel();
    const step = model.step.bind(model);
    const seen: boolean[] = [];
    model.step = (batch, options) => {
      seen.push(options.scaleOf!(0).measured);
      return step(batch, options);
    };
    await run(model, { steps: 2, update: 'sink' });
    expect(seen).toEqual([false, false, true]);
    model.dispose();
  });

  test('clips by the norm of the step before, and says so', async () => {
    await expectNoLeak(async () => {
      const model = toyModel();
      const events = await run(model, { steps: 4, update: 'sink', clip: 0.1 });
      const warnings = events.filter((event) => event.type === 'warning');
      expect(warnings.map(({ message }) => message).join()).toContain("previous step's global norm");
      expect(stepsOf(events).every(({ gradientNorm }) => gradientNorm! > 0.1)).toBe(true);
      model.dispose();
    });
  });

  test('holds fewer gradients than collect', async () => {
    const peaks = [];
    for (const update of ['collect', 'sink'] as const) {
      const model = toyModel({ blocks: 12 });
      const [, second] = stepsOf(await run(model, { steps: 2, update, optimizer: sgd() }));
      peaks.push(second!.memory.peakBytes - second!.memory.startBytes);
      expect(second!.memory.phases.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['forward', 'head', 'backward', 'optimizer']),
      );
      model.dispose();
    }
    expect(peaks[1]).toBeLessThan(0.75 * peaks[0]!);
  });
});

test('accumulated batches make the step of one large batch, weighted by their samples', async () => {
  // Plain gradient descent without dropout-like noise would be the same bits; dropout masks differ by batch, so β₂ of none.
  const whole = toySource({ batches: 1, size: 8 });
  const parts = {
    ...whole,
    batches: 2,
    async *epoch(options: Parameters<typeof whole.epoch>[0]) {
      for await (const batch of whole.epoch(options)) {
        let from = 0;
        for (const size of [5, 3]) {
          const pixels = tf.slice(batch.pixels, [from, 0, 0], [size, -1, -1]);
          const labels = batch.labels.slice(from, from + size);
          yield { ...batch, size, labels, pixels, dispose: () => pixels.dispose() };
          from += size;
        }
        batch.dispose();
      }
    },
  };
  const results = [];
  for (const [source, accumulate] of [
    [whole, 1],
    [parts, 2],
  ] as const) {
    const model = toyModel({ method: { name: 'conventional' }, dropout: 0 });
    const events = await run(model, { epochs: 3, accumulate, optimizer: sgd({ lr: 0.1 }), clip: 0.5 }, source as never);
    results.push(stepsOf(events).map(({ loss, gradientNorm, samples }) => ({ loss, gradientNorm, samples })));
    model.dispose();
  }
  expect(results[1]).toHaveLength(3);
  for (const [i, step] of results[1]!.entries()) {
    expect(step.samples).toBe(8);
    expect(step.loss).toBeCloseTo(results[0]![i]!.loss, 5);
    expect(step.gradientNorm).toBeCloseTo(results[0]![i]!.gradientNorm!, 5);
  }
});

test('an epoch whose last batches do not fill a step ends with a smaller one', async () => {
  const model = toyModel();
  const steps = stepsOf(await run(model, { epochs: 2, accumulate: 3 }, toySource({ batches: 4, size: 2 })));
  expect(steps.map(({ samples, epoch }) => [samples, epoch])).toEqual([
    [6, 1],
    [2, 1],
    [6, 2],
    [2, 2],
  ]);
  model.dispose();
});

test('frozen: only the head learns; β = 0: conventional stands in; each is told once', async () => {
  const model = toyModel();
  const before = new Map(weightsOf(model) as [string, number[]][]);
  const schedule = {
    at: (step: number) =>
      step < 2
        ? { alpha: 1, beta: 0, frozen: true }
        : step < 4
          ? { alpha: 1, beta: 0 }
          : { alpha: 63 / 64, beta: 1 / 64 },
  };
  const changed: string[][] = [];
  const events: Events = [];
  for await (const event of finetune(model, toySource(), { steps: 6, schedule, update: 'sink' })) {
    events.push(event);
    if (event.type !== 'step') continue;
    const now = weightsOf(model) as [string, number[]][];
    changed.push(now.filter(([name, values]) => `${values}` !== `${before.get(name)}`).map(([name]) => name));
  }
  expect(stepsOf(events).map(({ method }) => method)).toEqual([
    'frozen',
    'frozen',
    'conventional',
    'conventional',
    'exact',
    'exact',
  ]);
  expect(changed[1]).toEqual(['head.weight', 'head.bias']);
  expect(changed[2]).toHaveLength(model.parameters.length);
  expect(events.filter((event) => event.type === 'warning')).toHaveLength(2);
  expect(model.coefficients).toEqual({ alpha: 63 / 64, beta: 1 / 64 });
  model.dispose();
});

test('schedules of @dr2net/schedulers: every step has their numbers', async () => {
  const model = toyModel();
  const schedule = dynamic({ start: 2, end: 6, warmup: 'conventional' });
  const learningRate = cosineRate({ rate: 1e-3, warmup: 2 });
  const steps = stepsOf(await run(model, { epochs: 2, method: { name: 'checkpoint' }, schedule, learningRate }));
  expect(steps).toHaveLength(8);
  for (const [i, { alpha, beta, learningRate: rate }] of steps.entries()) {
    const { frozen: _, ...expected } = schedule.at(i, 8, 4);
    expect({ alpha, beta }).toEqual(expected);
    expect(rate).toBe(learningRate.at(i, 8, 4));
  }
  expect(model.coefficients).toEqual({ alpha: 0.4, beta: 0.7 });
  model.dispose();
});

test('ema: evaluations and the finished model have the averaged weights', async () => {
  await expectNoLeak(async () => {
    const model = toyModel();
    const plain = toyModel();
    const losses = lossesOf(await run(plain, { steps: 5 }));
    const events = await run(model, { steps: 5, ema: 0.5, evaluate: toySource() });
    // Training itself does not see the average.
    expect(lossesOf(events)).toEqual(losses);
    expect(weightsOf(model)).not.toEqual(weightsOf(plain));
    expect(events.find((event) => event.type === 'evaluation')).toMatchObject({ averaged: true });
    model.dispose();
    plain.dispose();
  });
});

test('a loss that is not finite stops the run with step, samples and no leak', async () => {
  await expectNoLeak(async () => {
    for (const update of ['collect', 'sink'] as const) {
      const model = toyModel({ method: { name: 'conventional' } });
      const error: unknown = await run(model, { epochs: 3, update }, toySource({ poison: 5 })).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(NonFiniteLossError);
      expect(error).toMatchObject({ step: 6, what: 'loss', lastCheckpoint: undefined });
      expect((error as NonFiniteLossError).ids).toHaveLength(4);
      expect((error as Error).message).toMatch(/NaN at step 6 \(batch: clip-1-1-0-of-\d.*no checkpoint yet/s);
      model.dispose();
    }
  });
});

test('an error inside a step names the step and the samples, and frees the gradients it had', async () => {
  await expectNoLeak(async () => {
    for (const update of ['collect', 'sink'] as const) {
      const model = toyModel({ shared: true });
      const step = model.step.bind(model);
      model.step = async (batch, options) => {
        const result = await step(batch, options);
        if (model.passes < 3) return result;
        tf.dispose([result.loss, result.output]);
        throw new Error('out of memory');
      };
      const failing = run(model, { epochs: 1, update });
      await expect(failing).rejects.toThrow(/^Step \d failed \(batch: clip-0-.*\): out of memory/);
      model.dispose();
    }
  });
});

test('breaking out of the loop frees everything', async () => {
  await expectNoLeak(async () => {
    const model = toyModel();
    for await (const event of finetune(model, toySource(), { epochs: 3, ema: 0.9 })) {
      if (event.type === 'step' && event.step === 3) break;
    }
    model.dispose();
  });
});

test('the signal ends the run after the step at hand', async () => {
  const model = toyModel();
  const controller = new AbortController();
  const events: Events = [];
  for await (const event of finetune(model, toySource(), { epochs: 3, signal: controller.signal })) {
    events.push(event);
    if (event.type === 'step' && event.step === 5) controller.abort();
  }
  expect(stepsOf(events)).toHaveLength(5);
  expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'aborted', step: 5, epoch: 2 });
  model.dispose();
});

test('a run of so many steps ends inside an epoch, with an evaluation', async () => {
  const model = toyModel();
  const events = await run(model, { steps: 6, evaluate: { source: toySource(), every: 5 } });
  expect(events.slice(-2)).toMatchObject([
    { type: 'evaluation', step: 6, epoch: 2 },
    { type: 'end', reason: 'finished', step: 6, epoch: 2 },
  ]);
  model.dispose();
});

test('no growth of tensors or bytes over 500 steps', async () => {
  const model = toyModel({ blocks: 2 });
  const seen: [number, number][] = [];
  for await (const event of finetune(model, toySource(), { steps: 500, update: 'sink', clip: 1, ema: 0.9 })) {
    if (event.type !== 'step') continue;
    const { numTensors, numBytes } = tf.memory();
    seen.push([numTensors, numBytes]);
  }
  expect(seen).toHaveLength(500);
  expect(seen.at(-1)).toEqual(seen[1]);
  model.dispose();
});

describe('options that cannot be', () => {
  const model = () => toyModel();
  test.each([
    [{}, 'epochs or steps'],
    [{ epochs: 1, steps: 2 }, 'epochs or steps'],
    [{ epoch: 1 }, 'no option epoch; did you mean epochs?'],
    [{ epochs: 1, method: { name: 'exat' } }, 'did you mean "exact"?'],
    [{ epochs: 0 }, 'epochs is 0'],
    [{ steps: 1.5 }, 'steps is 1.5'],
    [{ epochs: 1, seed: -1 }, 'seed is -1'],
    [{ epochs: 1, clip: 0 }, 'norm is 0'],
    [{ epochs: 1, ema: 1 }, 'ema is 1'],
    [{ epochs: 1, accumulate: 0 }, 'accumulate is 0'],
    [{ epochs: 1, chunks: 1.5 }, 'chunks is 1.5'],
    [{ epochs: 1, update: 'now' }, '"now"'],
    [{ epochs: 1, update: 'sink', accumulate: 2 }, "update 'sink'"],
    [{ epochs: 1, update: 'sink', clip: { norm: 1, by: 'global' } }, "by 'global'"],
    [{ epochs: 1, clip: { norm: 1, by: 'previous' } }, "by 'previous'"],
    [{ epochs: 1, schedule: { at: () => ({ alpha: 1, beta: 0 }) } }, 'needs β ≠ 0'],
    [{ epochs: 1, schedule: { at: () => ({ alpha: Number.NaN, beta: 1 }) } }, 'α = NaN'],
    [{ epochs: 1, learningRate: { at: () => -1 } }, 'gives -1 at step 1'],
  ])('%j', (options, message) => {
    const toy = model();
    expect(() => finetune(toy, toySource(), options as never)).toThrow(message);
    toy.dispose();
  });

  test('data without a batch', async () => {
    const toy = model();
    const empty = { ...toySource(), async *epoch() {} };
    await expect(run(toy, { epochs: 1 }, empty)).rejects.toThrow('has no batch');
    await expect(run(toy, { epochs: 1 }, { ...empty, batches: 0 })).rejects.toThrow('has no batch');
    toy.dispose();
  });

  test.each([
    [() => adamW({ lr: 0 }), 'lr is 0'],
    [() => adamW({ weight_decay: 0.1 } as never), 'no option weight_decay; did you mean weightDecay?'],
    [() => sgd({ momentm: 0.1 } as never), 'did you mean momentum?'],
    [() => adamW({ betas: [1, 0.9] }), 'betas[0] is 1'],
    [() => adamW({ layerDecay: 1.2 }), 'layerDecay is 1.2'],
    [() => sgd({ momentum: 0, nesterov: true }), 'nesterov'],
    [() => sgd({ weightDecay: Number.NaN }), 'weightDecay is NaN'],
  ])('optimizer %#', (make, message) => {
    expect(make).toThrow(message);
  });
});
