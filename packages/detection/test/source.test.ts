/** Batches: the same for the same (seed, epoch), without a leak, and what broken images do. */
import '@tensorflow/tfjs-backend-cpu';
import { setTimeout } from 'node:timers/promises';
import { expectNoLeak } from '@dr2net/testing';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  type BadImageError,
  type DetectionDataset,
  type DetectionSource,
  type DetectionSourceOptions,
  detectionSource,
  paddingMask,
  readDetections,
} from '../src/node.ts';
import { jpeg, png, temporaryFolder, writeFiles } from './pictures.ts';

const root = temporaryFolder();
const sizes = [
  [40, 30],
  [30, 40],
  [64, 20],
  [9, 9],
  [50, 50],
] as const;
const files = Object.fromEntries(
  await Promise.all(sizes.map(async ([w, h], i) => [`${i}.jpg`, await jpeg(w, h)] as const)),
);
const truth = {
  images: sizes.map(([width, height], i) => ({ id: i, file_name: `${i}.jpg`, width, height })),
  categories: [{ id: 1, name: 'thing' }],
  annotations: sizes.slice(0, 4).map(([width, height], i) => ({
    id: i + 1,
    image_id: i,
    category_id: 1,
    bbox: [1, 1, width / 2, height / 2],
    iscrowd: 0,
  })),
};
const folder = writeFiles(root, { ...files, 'truth.json': JSON.stringify(truth) });
const dataset = await readDetections(folder);
const base = { size: [32, 48], batch: 2, training: true } as const satisfies DetectionSourceOptions;
const source = (options: Partial<DetectionSourceOptions> = {}) => detectionSource(dataset, { ...base, ...options });

async function collect(made: DetectionSource, seed = 1, epoch = 0, from = 0) {
  const batches = [];
  for await (const batch of made.epoch({ seed, epoch, from })) {
    const { ids, used, targets, originals, placements, images } = batch;
    const pixels = (await batch.pixels.data()) as Float32Array;
    batches.push({ ids, used, targets, originals, placements, images, shape: batch.pixels.shape, pixels });
    batch.dispose();
  }
  return batches;
}

describe('training', () => {
  it('has every image once, shuffled, also one without boxes, without a leak', async () => {
    await expectNoLeak(async () => {
      const made = source();
      expect([made.samples, made.batches, made.classes]).toEqual([5, 3, ['thing']]);
      const batches = await collect(made);
      expect(batches.map(({ shape }) => shape)).toEqual([
        [2, 32, 48, 3],
        [2, 32, 48, 3],
        [1, 32, 48, 3],
      ]);
      const ids = batches.flatMap((batch) => batch.ids);
      expect([...ids].sort()).toEqual(['0.jpg', '1.jpg', '2.jpg', '3.jpg', '4.jpg']);
      const objects = batches.flatMap(({ targets }) => targets.map(({ labels }) => labels.length));
      expect(ids.map((id, i) => [id, objects[i]])).toContainEqual(['4.jpg', 0]);
      expect(objects.filter((count) => count === 1).length).toBe(4);
      expect((await collect(made, 1, 1)).flatMap((batch) => batch.ids)).not.toEqual(ids);
      expect((await collect(source({ dropLast: true }))).length).toBe(2);
    });
  });

  it('gives the same numbers for the same (seed, epoch), however it is kept, made ahead or begun', async () => {
    const augment = { colour: {}, crop: { probability: 1 } };
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31), fc.nat(9), fc.nat(3), fc.nat(2), async (seed, epoch, prefetch, from) => {
        const whole = await collect(source({ augment }), seed, epoch);
        const other = source({ augment, prefetch, memory: 0, decoders: 1 });
        expect(await collect(other, seed, epoch, from)).toEqual(whole.slice(from));
        const kept = source({ augment, memory: 6000 });
        await collect(kept, seed, epoch);
        expect(await collect(kept, seed, epoch)).toEqual(whole);
      }),
      { numRuns: 5 },
    );
  });

  it('stops when told to, without a leak', async () => {
    await expectNoLeak(async () => {
      const stop = new AbortController();
      await expect(async () => {
        for await (const batch of source().epoch({ seed: 0, epoch: 0, signal: stop.signal })) {
          batch.dispose();
          stop.abort(new Error('enough'));
        }
      }).rejects.toThrow('enough');
      for await (const batch of source().epoch({ seed: 0, epoch: 0 })) {
        batch.dispose();
        break;
      }
    });
  });
});

it('evaluation has whole pictures in order, whatever the seed; masks tell where they are', async () => {
  const made = source({ training: false });
  const batches = await collect(made);
  expect(await collect(made, 5, 5)).toEqual(batches);
  expect(batches.flatMap(({ ids }) => ids)).toEqual(['0.jpg', '1.jpg', '2.jpg', '3.jpg', '4.jpg']);
  expect(batches.flatMap(({ used }) => used)).toEqual([
    { width: 43, height: 32 },
    { width: 24, height: 32 },
    { width: 48, height: 15 },
    { width: 32, height: 32 },
    { width: 32, height: 32 },
  ]);
  expect(batches[0]?.images[0]).toBe(dataset.images[0]);
  expect(batches[0]?.originals).toEqual([
    { width: 40, height: 30 },
    { width: 30, height: 40 },
  ]);
  const [cx, cy, w, h] = batches[0]!.targets[0]!.boxes;
  for (const [value, expected] of [
    [cx, (11 * 43) / 40 / 48],
    [cy, (8.5 * 32) / 30 / 32],
    [w, (20 * 43) / 40 / 48],
    [h, 0.5],
  ] as const)
    expect(value).toBeCloseTo(expected, 6);
  const canvas = { height: 32, width: 48 };
  const mask = paddingMask(batches[1]?.used ?? [], canvas);
  const { pixels } = batches[1] ?? { pixels: new Float32Array() };
  expect(mask.length).toBe(2 * 32 * 48);
  for (const [i, value] of mask.entries())
    expect(value === 0).toBe(pixels.subarray(3 * i, 3 * i + 3).every((x) => x === 0));
  expect([...paddingMask([{ width: 24, height: 15 }], canvas, { height: 3, width: 4 })]).toEqual([
    1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0,
  ]);
});

/** The data set with an image whose bytes come so many milliseconds late. */
function slowly(set: DetectionDataset, id: string, bytes: Uint8Array, ms: number): DetectionDataset {
  const slow = new Blob([new Uint8Array(bytes)]);
  vi.spyOn(slow, 'slice').mockReturnValue(
    Object.assign(new Blob(), { arrayBuffer: () => setTimeout(ms, new Uint8Array(bytes).buffer) }),
  );
  return { ...set, images: set.images.map((image) => (image.id === id ? { ...image, file: slow } : image)) };
}

describe('a broken image', () => {
  const cut = (files['2.jpg'] as Uint8Array).slice(0, 300);
  const broken = async () => {
    return readDetections(
      writeFiles(root, { ...files, '2.jpg': cut, '3.jpg': await png(8, 9), 'truth.json': JSON.stringify(truth) }),
    );
  };

  it.each([0, 50])(
    'ends the epoch with the error of the first, without a leak: read %i ms after the others',
    async (ms) => {
      const set = slowly(await broken(), '2.jpg', cut, ms);
      await expectNoLeak(async () => {
        const made = detectionSource(set, { ...base, training: false });
        const seen: string[] = [];
        await expect(async () => {
          for await (const batch of made.epoch({ seed: 0, epoch: 0 })) {
            seen.push(...batch.ids);
            batch.dispose();
          }
        }).rejects.toThrow(/2.jpg: .*truncated|2.jpg: it ends within its header/);
        expect(seen).toEqual(['0.jpg', '1.jpg']);
      });
    },
  );

  it('is skipped and told once when asked to; an empty batch takes the next sound image in training', async () => {
    const set = slowly(await broken(), '2.jpg', cut, 50);
    const told: string[] = [];
    const onSkip = (error: BadImageError) => void told.push(`${error.image} ${error.reason}`);
    const held = detectionSource(set, { ...base, training: false, onBadImage: 'skip', onSkip });
    expect((await collect(held)).map(({ ids }) => ids)).toEqual([['0.jpg', '1.jpg'], ['4.jpg']]);
    await collect(held);
    expect(told.sort()).toEqual(['2.jpg truncated', '3.jpg size']);
    expect(held.skipped.map(({ image }) => image)).toEqual(['2.jpg', '3.jpg']);
    const train = detectionSource(set, { ...base, batch: 1, onBadImage: 'skip' });
    const ids = (await collect(train)).flatMap((batch) => batch.ids);
    expect(ids.length).toBe(5);
    expect(ids.every((id) => ['0.jpg', '1.jpg', '4.jpg'].includes(id))).toBe(true);
  });

  it('is all that there is', async () => {
    const set = slowly(await broken(), '2.jpg', cut, 50);
    const only = { ...set, images: set.images.slice(2, 4) };
    await expect(collect(detectionSource(only, { ...base, onBadImage: 'skip' }))).rejects.toThrow(
      /None of the 2 images can be read; the first: 2.jpg/,
    );
  });
});

it('notes say what was converted', async () => {
  const side = await jpeg(40, 30, 6);
  const set = await readDetections(
    writeFiles(root, {
      ...files,
      '0.jpg': side,
      '1.jpg': await jpeg(30, 40, 6),
      '3.jpg': await png(9, 9),
      'truth.json': JSON.stringify(truth),
    }),
  );
  const made = detectionSource(slowly(set, '0.jpg', side, 50), { ...base, training: false });
  expect(made.notes).toEqual([]);
  await collect(made);
  await collect(made);
  expect(made.notes).toEqual(['2 images are turned by EXIF, but annotated as stored, and left so: 0.jpg, 1.jpg.']);
});

describe('refuses', () => {
  it.each([
    [{ batch: 0 }, /batch is 0/],
    [{ batch: 9, dropLast: true }, /5 images make no batch of 9/],
    [{ size: [32, 0.5] }, /size\[1\] is 0.5/],
    [{ prefetch: -1 }, /prefetch is -1/],
    [{ mean: [0.5] }, /mean is \[0.5\]; it must be 3 numbers/],
    [{ std: [1, 0, 1] }, /std is \[1, 0, 1\]; it must be 3 numbers, one a channel, above 0/],
    [{ training: false, augment: {} }, /augment is for training/],
    [{ augment: { flip: -1 } }, /flip is -1/],
  ] as const)('%o', (options, message) => {
    expect(() => source(options as unknown as Partial<DetectionSourceOptions>)).toThrow(message);
  });

  it('sets without a box to learn from', () => {
    const images = dataset.images.map((image) => ({
      ...image,
      boxes: image.boxes.map((box) => ({ ...box, crowd: true })),
    }));
    expect(() => detectionSource({ ...dataset, images }, base)).toThrow(/None of the 5 images has a box to learn from/);
    expect(detectionSource({ ...dataset, images }, { ...base, training: false }).batches).toBe(3);
  });
});
