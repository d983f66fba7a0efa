import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak } from '@dr2net/testing';
import { memory } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadClipError, type ClipSourceOptions, clipSource, memoryStore } from '../src/node.ts';
import { toBatch } from '../src/source/batch.ts';
import { type FakeOptions, fakeDataset, fakeReader } from './fake-reader.ts';

const base = { batch: 3, frames: 4, size: 8, training: true } as const;
const augment = { colour: {}, erase: { probability: 0.5 }, mix: {} };

function source(count: number, options: Partial<ClipSourceOptions> = {}, fake: FakeOptions = {}) {
  const { reader, decoded } = fakeReader(fake);
  return { source: clipSource(fakeDataset(count), { ...base, reader, ...options }), decoded };
}

/** What an epoch gives: ids, targets and pixels of each batch. */
async function collect(made: ReturnType<typeof clipSource>, seed = 1, epoch = 0, from = 0) {
  const batches: { ids: readonly string[]; targets: Float32Array; pixels: Float32Array; shape: number[] }[] = [];
  for await (const batch of made.epoch({ seed, epoch, from })) {
    const [targets, pixels] = [
      (await batch.targets.data()) as Float32Array,
      (await batch.pixels.data()) as Float32Array,
    ];
    batches.push({ ids: batch.ids, targets, pixels, shape: batch.pixels.shape });
    batch.dispose();
  }
  return batches;
}

it('keeps no pixels where the targets of a batch do not fit', () => {
  const raw = { ids: ['a'], labels: [0], pixels: new Float32Array(12), targets: new Float32Array(3) };
  const before = memory().numTensors;
  expect(() => toBatch(raw, { frames: 1, size: 2, classes: 2 })).toThrow(/should have 2 values but has 3/);
  expect(memory().numTensors).toBe(before);
});

describe('clipSource', () => {
  it('gives every clip once an epoch, the last batch partly full, without a leak', async () => {
    await expectNoLeak(async () => {
      const { source: made } = source(8);
      expect([made.samples, made.batches]).toEqual([8, 3]);
      const batches = await collect(made);
      expect(batches.map(({ shape }) => shape)).toEqual([
        [3, 4, 8, 8, 3],
        [3, 4, 8, 8, 3],
        [2, 4, 8, 8, 3],
      ]);
      const ids = batches.flatMap((batch) => batch.ids);
      expect([...ids].sort()).toEqual(fakeDataset(8).clips.map(({ id }) => id));
      expect(ids).not.toEqual((await collect(made, 1, 1)).flatMap((batch) => batch.ids));
      expect((await collect(source(8, { dropLast: true }).source)).map((batch) => batch.ids.length)).toEqual([3, 3]);
    });
  });

  it('gives the same bytes for the same (seed, epoch), however it is cached, made ahead or begun', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2 ** 31),
        fc.nat(20),
        fc.nat(3),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(3),
        async (seed, epoch, prefetch, decoders, from) => {
          const whole = await collect(source(10, { augment }).source, seed, epoch);
          const other = source(10, { augment, prefetch, decoders, store: memoryStore(0) }).source;
          expect(await collect(other, seed, epoch, from)).toEqual(whole.slice(from));
        },
      ),
      { numRuns: 12 },
    );
  });

  it('decodes each clip once where there is a store', async () => {
    const { source: made, decoded } = source(7);
    const cold = await collect(made);
    await collect(made, 1, 1);
    expect(await collect(made)).toEqual(cold);
    expect(decoded.length).toBe(7);
  });

  it('refuses a broken clip by name', async () => {
    const { source: made } = source(7, {}, { bad: ['clip-3'] });
    await expectNoLeak(() => expect(collect(made)).rejects.toThrow(BadClipError));
    await expect(collect(made)).rejects.toThrow(/clip-3: broken on purpose/);
  });

  it('refuses the first of several, whichever is found out first', async () => {
    const milliseconds = (id: string) => (id === 'clip-1' ? 30 : 0);
    const { source: made } = source(3, { training: false, decoders: 3 }, { bad: ['clip-1', 'clip-2'], milliseconds });
    await expect(collect(made)).rejects.toThrow(/clip-1: broken on purpose/);
  });

  it('tells of skipped clips in order, whichever is found out first', async () => {
    const bad = ['clip-1', 'clip-2'];
    const milliseconds = (id: string) => (id === 'clip-1' ? 30 : 0);
    const { source: made } = source(
      4,
      { training: false, batch: 4, decoders: 4, onBadClip: 'skip' },
      { bad, milliseconds },
    );
    await collect(made);
    expect(made.skipped.map(({ clip }) => clip)).toEqual(bad);
  });

  it('skips broken clips, names each once, and leaves the other clips where they were', async () => {
    const bad = ['clip-1', 'clip-6'];
    const named: string[] = [];
    const { source: made } = source(9, { onBadClip: 'skip', onSkip: ({ clip }) => named.push(clip) }, { bad });
    const all = await collect(source(9).source);
    for (let round = 0; round < 2; round++) {
      const batches = await collect(made);
      expect(batches.map(({ ids }) => ids)).toEqual(all.map(({ ids }) => ids.filter((id) => !bad.includes(id))));
    }
    expect(named.sort()).toEqual(bad);
    expect(made.skipped.map(({ clip }) => clip)).toEqual(bad);
  });

  it('fills a training batch that would be empty with the next sound clip', async () => {
    const { source: made } = source(4, { batch: 1, onBadClip: 'skip' }, { bad: ['clip-2'] });
    const order = (await collect(source(4, { batch: 1 }).source)).map(({ ids }) => ids[0] as string);
    const at = order.indexOf('clip-2');
    const expected = order.map((id, i) => (i === at ? order[(at + 1) % 4] : id));
    expect((await collect(made)).map(({ ids }) => ids[0])).toEqual(expected);
    const none = source(2, { onBadClip: 'skip' }, { bad: ['clip-0', 'clip-1'] });
    await expect(collect(none.source)).rejects.toThrow(/None of the 2 clips/);
  });

  it('evaluates in order, several views of a clip side by side', async () => {
    const { source: made } = source(3, { training: false, batch: 4, views: { temporal: 2, spatial: 3 } });
    expect([made.samples, made.batches]).toEqual([18, 5]);
    const ids = (await collect(made)).flatMap((batch) => batch.ids);
    expect(ids).toEqual(['clip-0', 'clip-1', 'clip-2'].flatMap((id) => Array(6).fill(id)));
  });

  it('stops when told to, without a leak', async () => {
    await expectNoLeak(async () => {
      const { source: made } = source(20);
      const stop = new AbortController();
      let seen = 0;
      await expect(async () => {
        for await (const batch of made.epoch({ seed: 0, epoch: 0, signal: stop.signal })) {
          batch.dispose();
          if (++seen === 2) stop.abort(new Error('enough'));
        }
      }).rejects.toThrow('enough');
      expect(seen).toBe(2);
      for await (const batch of made.epoch({ seed: 0, epoch: 0 })) {
        batch.dispose();
        break;
      }
    });
  });

  it.each([
    [{ batch: 0 }, /batch is 0/],
    [{ frames: 5, sampling: undefined, size: 0 }, /size is 0/],
    [{ shortSide: 4 }, /shortSide is 4/],
    [{ views: { temporal: 2 } }, /views are for evaluation/],
    [{ training: false, fit: 'squash', views: { spatial: 3 } }, /one spatial view/],
    [{ mean: [0.5] }, /mean has 1 values/],
    [{ dropLast: true, batch: 30 }, /make no batch of 30/],
  ] as const)('refuses %o', (options, message) => {
    expect(() => source(7, options as unknown as Partial<ClipSourceOptions>)).toThrow(message);
  });
});
