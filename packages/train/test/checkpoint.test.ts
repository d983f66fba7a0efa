/** Checkpoints: resumed to the bit, refused by name, and whole whatever happens while writing. */
import '@tensorflow/tfjs-backend-wasm';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adaptive } from '@dr2net/schedulers';
import { expectNoLeak } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  adamW,
  CheckpointExistsError,
  CheckpointFormatError,
  CheckpointMismatchError,
  CheckpointWriteError,
  checkpointName,
  type FinetuneEvent,
  type FinetuneOptions,
  finetune,
  NonFiniteLossError,
  StepFailedError,
  sgd,
} from '../src/index.ts';
import { type ToyBatch, type ToyModel, toyModel, toySource } from './toy.ts';

type Events = FinetuneEvent<{ accuracy: number }>[];
type Options = FinetuneOptions<ToyBatch>;

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr2net-checkpoint-'));
  file = join(folder, checkpointName);
  await tf.setBackend('wasm');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const mapValues = (object: object, of: (value: unknown, name: string) => unknown) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, of(value, name)]));

/** Runs to the end, or breaks out after a step, which is as hard a stop as the process's end. */
async function run(options: Options, { model = toyModel(), breakAt = 0, source = toySource() } = {}): Promise<Events> {
  const events: Events = [];
  try {
    for await (const event of finetune(model, source, options)) {
      events.push(event);
      if (event.type === 'step' && event.step === breakAt) break;
    }
  } finally {
    model.dispose();
  }
  return events;
}

const lossesOf = (events: Events) =>
  events.flatMap((event) => (event.type === 'step' ? [[event.step, event.loss]] : []));

const variants: [string, Options][] = [
  ['epochs, exact, adamW', { epochs: 3 }],
  ['accumulation, clipping, momentum', { epochs: 3, accumulate: 2, clip: 0.5, optimizer: sgd({ lr: 0.05 }) }],
  ['update sink, clipping, ema', { epochs: 3, update: 'sink', clip: 0.3, ema: 0.8 }],
  [
    'anchors that place themselves',
    { epochs: 3, method: { name: 'reversible', tolerance: 1e-5 }, schedule: { at: () => ({ alpha: 0.5, beta: 0.5 }) } },
  ],
  [
    'a schedule that looks',
    { epochs: 4, method: { name: 'reversible' }, schedule: adaptive({ every: 2, change: 0.05 }) },
  ],
  ['evaluations', { epochs: 3, evaluate: { source: toySource(), every: 2 }, optimizer: adamW({ layerDecay: 0.5 }) }],
  ['parts', { epochs: 2, chunks: 3, update: 'sink', method: { name: 'exact', verify: true } }],
  ['update sink with a shared parameter', { epochs: 2, update: 'sink' }],
  // The grid of `exact` is chosen anew on the way.
  ['update sink with states that grow', { epochs: 2, update: 'sink' }],
  ['a spike that leaves the range of exact', { epochs: 2 }],
  ['update sink with a spike', { epochs: 2, update: 'sink' }],
  ['a grid that coarsens, and a spike', { epochs: 2, schedule: { at: () => ({ alpha: 2.5, beta: 0.5 }) } }],
];

test.each(variants)('resumes to the bit: %s', async (name, options) => {
  await expectNoLeak(async () => {
    const how = () => ({
      model: toyModel({ shared: name.includes('shared') }),
      source: toySource({
        growth: name.includes('grow') ? 2 : 1,
        ...(name.includes('spike') && { spike: { batch: 3, factor: 100 } }),
      }),
    });
    const whole = lossesOf(await run(options, how()));
    const every = 1;
    for (const breakAt of /grow|spike/.test(name) ? [2, 3, 4, 5] : [1, 4]) {
      await rm(folder, { recursive: true });
      // Stopped before the checkpoint of the last step was made.
      const first = lossesOf(await run({ ...options, checkpoint: { folder, every } }, { ...how(), breakAt }));
      const rest = lossesOf(await run({ ...options, checkpoint: { folder, every, resume: true } }, how()));
      expect(rest[0]?.[0]).toBe(breakAt);
      expect([...first.slice(0, breakAt - 1), ...rest]).toEqual(whole);
    }
  });
});

test('an evaluation that was due when the run stopped is made on resuming', async () => {
  const options = { epochs: 2, evaluate: toySource() };
  const model = toyModel();
  for await (const event of finetune(model, toySource(), { ...options, checkpoint: { folder } })) {
    if (event.type === 'checkpoint') break;
  }
  model.dispose();
  const events = await run({ ...options, checkpoint: { folder, resume: true } });
  expect(events.filter(({ type }) => type !== 'checkpoint').map(({ type }) => type)).toEqual([
    'evaluation',
    'step',
    'step',
    'step',
    'step',
    'evaluation',
    'end',
  ]);
});

test('a finished run that is resumed ends at once', async () => {
  await run({ epochs: 1, checkpoint: { folder } });
  const events = await run({ epochs: 1, checkpoint: { folder, resume: true } });
  expect(events.map(({ type }) => type)).toEqual(['end']);
});

test('the signal saves what is done', async () => {
  const controller = new AbortController();
  const events: Events = [];
  const model = toyModel();
  const options = { epochs: 3, checkpoint: { folder }, signal: controller.signal };
  for await (const event of finetune(model, toySource(), options)) {
    events.push(event);
    if (event.type === 'step' && event.step === 6) controller.abort();
  }
  model.dispose();
  expect(events.slice(-2)).toMatchObject([
    { type: 'checkpoint', step: 6, path: file, bytes: (await stat(file)).size },
    { type: 'end', reason: 'aborted' },
  ]);
  const rest = lossesOf(await run({ epochs: 3, checkpoint: { folder, resume: true } }));
  expect([...lossesOf(events), ...rest]).toEqual(lossesOf(await run({ epochs: 3 })));
});

test('a loss that is not finite names the last good checkpoint, which stays', async () => {
  const options = { epochs: 3, method: { name: 'conventional' }, checkpoint: { folder, every: 2 } } as const;
  const error: unknown = await run(options, { source: toySource({ poison: 5 }) }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(NonFiniteLossError);
  expect(error).toMatchObject({ step: 6, lastCheckpoint: { path: file, step: 4 } });
  expect((error as Error).message).toContain(`last good checkpoint is ${file} (step 4)`);
});

test('so does a step that failed', async () => {
  // NaN in a state of `exact` leaves its range.
  const options = { epochs: 3, checkpoint: { folder } };
  const error: unknown = await run(options, { source: toySource({ poison: 5 }) }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(StepFailedError);
  expect(error).toMatchObject({ step: 6, lastCheckpoint: { path: file, step: 4 }, cause: expect.any(Error) });
});

test('weights that are not finite are never saved', async () => {
  const model = toyModel({ method: { name: 'conventional' } });
  const steps = finetune(model, toySource(), { epochs: 2, checkpoint: { folder, every: 2 } });
  const failing = (async () => {
    for await (const event of steps) {
      // As a gradient that overflowed would do it, behind a loss that is still finite.
      if (event.type === 'step' && event.step === 4)
        model.parameters[3]!.assign(tf.fill([...model.parameters[3]!.shape], Infinity));
    }
  })();
  await expect(failing).rejects.toThrow(/blocks\.0\S* holds Infinity.*before it \(step 2\) is whole/);
  model.dispose();
  const rest = lossesOf(await run({ epochs: 2, checkpoint: { folder, resume: true } }, {}));
  expect(rest[0]?.[0]).toBe(3);
});

test('what reversible has measured goes on with the run', async () => {
  const options: Options = { steps: 4, method: { name: 'reversible' }, checkpoint: { folder, every: 1 } };
  const factors: number[] = [];
  const watched = (first: boolean) => {
    const model = toyModel({ coefficients: { alpha: 0.5, beta: 0.5 } });
    const step = model.step.bind(model);
    model.step = (batch, stepOptions) => {
      const control = stepOptions.anchorsOf!(0);
      if (first && factors.length === 0) control.observe(16);
      factors.push(control.factor);
      return step(batch, stepOptions);
    };
    return model;
  };
  await run(options, { model: watched(true), breakAt: 3 });
  await run({ ...options, checkpoint: { folder, resume: true } }, { model: watched(false) });
  // The third step was not in a checkpoint yet when the run broke off.
  expect(factors).toEqual([16, 8, 4, 4, 2]);
});

describe('writing fails', () => {
  // A device that is always full, in the place of the temporary file.
  test.skipIf(!existsSync('/dev/full'))('the disk is full: the checkpoint before is whole', async () => {
    await expectNoLeak(async () => {
      const model = toyModel();
      const failing = (async () => {
        for await (const event of finetune(model, toySource(), { epochs: 2, checkpoint: { folder, every: 2 } })) {
          if (event.type === 'step' && event.step === 3) await symlink('/dev/full', `${file}.tmp`);
        }
      })();
      const error: unknown = await failing.catch((e: unknown) => e);
      expect(error).toBeInstanceOf(CheckpointWriteError);
      expect((error as Error).message).toMatch(/no space left.*before it \(step 2\) is whole/);
      model.dispose();
      expect(existsSync(`${file}.tmp`)).toBe(false);
      const options = { epochs: 2, checkpoint: { folder, resume: true } };
      expect(lossesOf(await run(options))[0]?.[0]).toBe(3);
    });
  });

  test('the folder is a file', async () => {
    await writeFile(join(folder, 'taken'), '');
    const options = { epochs: 1, checkpoint: { folder: join(folder, 'taken', 'out') } };
    await expect(run(options)).rejects.toThrow(CheckpointWriteError);
  });

  test.skipIf(process.getuid?.() === 0)('the folder is not ours to write', async () => {
    await chmod(folder, 0o500);
    await expect(run({ epochs: 1, checkpoint: { folder } })).rejects.toThrow(/cannot be written: EACCES/);
    await chmod(folder, 0o700);
  });
});

describe('refused', () => {
  const resume = {
    epochs: 2,
    checkpoint: {
      get folder() {
        return folder;
      },
      resume: true,
    },
  };
  const trained = (model?: ToyModel, options: Partial<Options> = {}) =>
    run({ epochs: 1, checkpoint: { folder }, ...options } as Options, model ? { model } : {});

  test('a folder with a checkpoint, unless it is to be resumed', async () => {
    await trained();
    const before = await readFile(file);
    await expectNoLeak(() => expect(trained()).rejects.toThrow(CheckpointExistsError));
    expect(await readFile(file)).toEqual(before);
  });

  test.each<[string, () => ToyModel, RegExp]>([
    ['architecture', () => toyModel({ architecture: 'vit' }), /architecture vit, this model is a toy/],
    ['shape', () => toyModel({ outputs: 4 }), /tensor head.bias is \[4\] in it and \[3\] in this model/],
    ['tensor that is missing', () => toyModel({ blocks: 3 }), /no tensor blocks\.3\.\S+, which this model has/],
    ['tensor too many', () => toyModel({ blocks: 5 }), /a tensor blocks\.4\.\S+, which this model has not/],
  ])('a checkpoint of another model: %s', async (_, other, message) => {
    await trained(other());
    const model = toyModel();
    const before = model.parameters[0]!.variable.dataSync().slice();
    const failing = (async () => {
      for await (const _event of finetune(model, toySource(), resume));
    })();
    await expect(failing).rejects.toThrow(CheckpointMismatchError);
    await expect(failing).rejects.toThrow(message);
    // Nothing was loaded before everything was checked.
    expect(model.parameters[0]!.variable.dataSync()).toEqual(before);
    model.dispose();
  });

  test.each<[Partial<Options>, RegExp]>([
    [{ optimizer: sgd() }, /optimizer is sgd, this run's is adamw/],
    [{ ema: 0.9 }, /averaged weights \(ema 0\.9\)/],
    [{ seed: 9 }, /seed is 9, this run's is 0/],
  ])('a checkpoint of another run %#', async (options, message) => {
    await trained(undefined, options);
    await expectNoLeak(() => expect(run(resume)).rejects.toThrow(message));
  });

  /** Changes the state in a header. */
  const withState =
    (change: (state: { position: object; counts: object; slots: string[] }) => object) =>
    (header: Record<string, unknown>) => ({
      ...header,
      __metadata__: mapValues(header.__metadata__ as object, (text) =>
        JSON.stringify(change(JSON.parse(text as string))),
      ),
    });

  const without = (entry: RegExp) => (header: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(header).filter(([name]) => !entry.test(name)));

  /** Writes the file's header anew, as `change` leaves it. */
  async function rewriteHeader(change: (header: Record<string, unknown>) => unknown): Promise<void> {
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE());
    const header: unknown = change(JSON.parse(bytes.subarray(8, 8 + length).toString()));
    const text = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    await writeFile(file, Buffer.concat([size, text, bytes.subarray(8 + length)]));
  }

  test.each<[string, (header: Record<string, unknown>) => unknown]>([
    ['nothing', () => null],
    ['a list', () => []],
    ['a tensor without offsets', (header) => ({ ...header, 'model/x': { dtype: 'F32', shape: [1] } })],
    ['metadata that are nothing', (header) => ({ ...header, __metadata__: null })],
    ['a negative offset', (header) => ({ ...header, x: { dtype: 'F32', shape: [1], data_offsets: [-4, 0] } })],
    ['another type', (header) => ({ ...header, x: { dtype: 'F16', shape: [2], data_offsets: [0, 4] } })],
    [
      'a state that is no JSON',
      (header) => ({ ...header, __metadata__: mapValues(header.__metadata__ as object, () => '{') }),
    ],
    [
      'a state that is nothing',
      (header) => ({ ...header, __metadata__: mapValues(header.__metadata__ as object, () => 'null') }),
    ],
    ['a state without its position', withState(({ position, ...state }) => state)],
    ['a state without its counts', withState(({ counts, ...state }) => state)],
    ['a state whose list of slots is none', withState((state) => ({ ...state, slots: 'm' }))],
  ])('a header that is damaged: %s', async (_, change) => {
    await trained();
    await rewriteHeader(change);
    await expectNoLeak(() => expect(run(resume)).rejects.toThrow(CheckpointFormatError));
  });

  test.each<[string, (header: Record<string, unknown>) => unknown, RegExp]>([
    ['an average that is missing', without(/^average\/head/), /no averaged tensor head\.\S+, which this model has/],
    [
      'a tensor of nothing known',
      (header) => ({ ...header, momentum: header['model/head.bias'] }),
      /tensor momentum, which this model has not/,
    ],
    [
      'a slot of another shape',
      (header) =>
        mapValues(header, (value, name) =>
          /^optimizer.*head\.weight$/.test(name) ? { ...(value as object), shape: [3, 6] } : value,
        ),
      /optimizer\.\S+head\.weight is \[3, 6\] in it and \[6, 3\] in this model/,
    ],
  ])('%s is found before anything is loaded', async (_, change, message) => {
    const ema = 0.9;
    await trained(undefined, { ema });
    await rewriteHeader(change);
    const model = toyModel();
    const before = model.parameters[0]!.variable.dataSync().slice();
    const failing = (async () => {
      for await (const _event of finetune(model, toySource(), { ...resume, ema }));
    })();
    await expect(failing).rejects.toThrow(CheckpointMismatchError);
    await expect(failing).rejects.toThrow(message);
    expect(model.parameters[0]!.variable.dataSync()).toEqual(before);
    model.dispose();
  });

  test.each<[string, (header: Record<string, unknown>) => unknown, RegExp]>([
    [
      'a missing moment',
      without(/^optimizer\.v\/head\.bias$/),
      /no tensor optimizer\.v\/head\.bias, which its state lists/,
    ],
    [
      'a slot that is left over',
      (header) => ({ ...header, 'optimizer.u/head.bias': header['optimizer.m/head.bias'] }),
      /has a tensor optimizer\.u\/head\.bias, which its state does not list/,
    ],
    [
      'an average that is left over',
      (header) => ({ ...header, 'average/head.bias': header['model/head.bias'] }),
      /has a tensor average\/head\.bias, which its state does not list/,
    ],
    [
      'counts beyond the step',
      withState((state) => ({ ...state, position: { ...state.position, step: 3 } })),
      /stands at step 3, but counts 4 updates of \S+/,
    ],
    [
      'a step beyond all counts',
      withState((state) => ({ ...state, position: { ...state.position, step: 5 } })),
      /stands at step 5, but counts 4 updates at most/,
    ],
    [
      'a step that is none',
      withState((state) => ({ ...state, position: { ...state.position, step: 4.5 } })),
      /its step is 4\.5/,
    ],
    [
      'a count that is missing',
      withState((state) => ({ ...state, counts: { ...state.counts, 'head.bias': undefined } })),
      /has optimizer\.m\/head\.bias, but counts no update of head\.bias/,
    ],
    [
      'a count of nothing',
      withState((state) => ({ ...state, counts: { ...state.counts, tail: 4 } })),
      /counts updates of tail, which this model has not/,
    ],
  ])('%s: the file is named, and nothing was loaded', async (_, change, message) => {
    await trained();
    await rewriteHeader(change);
    const model = toyModel();
    const before = model.parameters[0]!.variable.dataSync().slice();
    const failing = (async () => {
      for await (const _event of finetune(model, toySource(), resume));
    })();
    await expect(failing).rejects.toThrow(CheckpointFormatError);
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow(/checkpoint\.safetensors cannot be read.*begin anew in another folder/);
    expect(model.parameters[0]!.variable.dataSync()).toEqual(before);
    model.dispose();
  });

  test('what is no checkpoint, or not a whole one', async () => {
    await writeFile(file, 'hello');
    await expect(run(resume)).rejects.toThrow(CheckpointFormatError);
    await rm(file);
    await trained();
    await truncate(file, (await stat(file)).size - 100);
    await expectNoLeak(() => expect(run(resume)).rejects.toThrow(/tensor \S+ is not whole/));
  });
});

test('told: nothing to resume yet, and options that changed', async () => {
  const options = { epochs: 1, checkpoint: { folder, resume: true } };
  const messages = (events: Events) => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  expect(messages(await run(options))).toEqual([expect.stringContaining('is not there yet')]);
  expect(messages(await run(options))).toEqual([]);
  const told = messages(await run({ ...options, epochs: 2 })).join('\n');
  expect(told).toContain('steps was 4 when the checkpoint was made and is 8 now');
});
