import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFrom } from '@dr2net/models';
import { expectNoLeak } from '@dr2net/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { pointSource as browserSource, readScenes as chooseScenes } from '../src/browser.ts';
import {
  classTable,
  cloudMemoryStore,
  type NodePointSourceOptions,
  type PointSource,
  PointVotes,
  parseClasses,
  pointSource,
  readCloud,
  readScenes,
  sphereSampling,
  spread,
} from '../src/node.ts';
import { file } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'dr2net-point-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Scenes of 90, 60 and 40 points whose columns are x y z r g b label; label 2 is ignored; intensity is none. */
function content(points: number, seed: number): string {
  const random = randomFrom(seed, 'points');
  return Array.from({ length: points }, (_, i) =>
    [random() * 9, random() * 9, i / 10, i, 255 - i, 7, i % 3].map((value) => value.toFixed(4)).join(' '),
  ).join('\n');
}
const files = { 'big.txt': content(90, 1), 'middle.txt': content(60, 2), 'small.txt': content(40, 3) };
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
const classes = classTable(['even', 'odd'], { codes: [2] });
const dataset = await readScenes(folder, { classes });

const base = {
  batch: 2,
  sampling: sphereSampling({ points: 30 }),
  training: true,
  features: ['height', 'colour', 'position'],
} as const satisfies NodePointSourceOptions;
const source = (options: Partial<NodePointSourceOptions> = {}) => pointSource(dataset, { ...base, ...options });

it('refuses features with numbers that are not finite, by their point', async () => {
  const text = 'x,y,z,intensity,slope,label\n0,0,0,1,nan,0\n1,0,0,inf,1,1\n2,0,0,1,1,1\n';
  const odd = await chooseScenes([{ path: 'a.csv', file: file('a.csv', text) }], { classes });
  const sampling = sphereSampling({ points: 2 });
  await expect(pointSource(odd, { ...base, sampling, features: ['slope'] })).rejects.toThrow(
    /a.csv: point 0: feature "slope" is NaN/,
  );
  await expect(pointSource(odd, { ...base, sampling, features: ['intensity'] })).rejects.toThrow(
    /a.csv: point 1: feature "intensity" is Infinity/,
  );
  expect((await pointSource(odd, { ...base, sampling, features: ['height'] })).channels).toBe(1);
});

async function collect(made: PointSource, seed = 1, epoch = 0, from = 0) {
  const batches = [];
  for await (const batch of made.epoch({ seed, epoch, from })) {
    const { ids, labels, scenes, points } = batch;
    batches.push({
      ids,
      labels,
      scenes,
      points,
      shapes: [batch.positions.shape, batch.features.shape],
      positions: (await batch.positions.data()) as Float32Array,
      features: (await batch.features.data()) as Float32Array,
    });
    batch.dispose();
  }
  return batches;
}

describe('training', () => {
  it('takes as many samples of each scene as its points fill, shuffled, without a leak', async () => {
    await expectNoLeak(async () => {
      const made = await source();
      expect([made.samples, made.batches, made.channels, made.points]).toEqual([7, 4, 7, 30]);
      expect(made.counts).toEqual([30 + 20 + 14, 30 + 20 + 13]);
      expect(made.classes).toEqual(['even', 'odd']);
      const batches = await collect(made);
      expect(batches.map(({ shapes }) => shapes)).toEqual([
        ...Array.from({ length: 3 }, () => [
          [2, 30, 3],
          [2, 30, 7],
        ]),
        [
          [1, 30, 3],
          [1, 30, 7],
        ],
      ]);
      const ids = batches.flatMap((batch) => batch.ids);
      expect([...ids].sort()).toEqual([
        'big.txt #0',
        'big.txt #1',
        'big.txt #2',
        'middle.txt #0',
        'middle.txt #1',
        'small.txt #0',
        'small.txt #1',
      ]);
      expect(ids).not.toEqual((await collect(made, 1, 1)).flatMap((batch) => batch.ids));
      expect((await source({ dropLast: true, samples: 3 })).samples).toBe(8);
    });
  });

  it('gives the same numbers for the same (seed, epoch), however it is cached, made ahead or begun', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31), fc.nat(20), fc.nat(3), fc.nat(4), async (seed, epoch, prefetch, from) => {
        const augment = { jitter: 0.01, dropout: 0.3 };
        const whole = await collect(await source({ augment }), seed, epoch);
        const other = await source({ augment, prefetch, memory: 0, cache: join(folder, '.kept') });
        expect(await collect(other, seed, epoch, from)).toEqual(whole.slice(from));
      }),
      { numRuns: 8 },
    );
    expect(readdirSync(join(folder, '.kept')).length).toBe(3);
  });

  it('moves labels, features and positions together, and augments', async () => {
    const still = { rotate: 0, scale: [1, 1], flip: 0, colourDrop: 0 } as const;
    const made = await source({ augment: still });
    const dropped = await source({ augment: { ...still, colourDrop: 1 } });
    const [plain, grey] = [await collect(made), await collect(dropped)];
    for (const [b, batch] of plain.entries())
      for (const [s, id] of batch.scenes.entries()) {
        const { cloud } = await made.scene(id);
        for (let i = 0; i < 30; i++) {
          const point = batch.points[s]![i]!;
          const row = s * 30 + i;
          expect(batch.labels[row]).toBe(cloud.labels![point]);
          const feature = batch.features.subarray(7 * row, 7 * row + 7);
          const position = [...batch.positions.subarray(3 * row, 3 * row + 3)];
          expect([...feature.subarray(4)]).toEqual(position);
          expect(feature[0]).toBe(position[2]);
          expect(feature[1]).toBeCloseTo(cloud.colours![3 * point]! / 255, 6);
          const first = batch.points[s]![0]!;
          for (let axis = 0; axis < 3; axis++)
            expect(position[axis]! - batch.positions[3 * s * 30 + axis]!).toBeCloseTo(
              cloud.positions[3 * point + axis]! - cloud.positions[3 * first + axis]!,
              4,
            );
          expect([...grey[b]!.features.subarray(7 * row + 1, 7 * row + 4)]).toEqual([0, 0, 0]);
        }
      }
    expect((await collect(await source()))[0]!.positions).not.toEqual(plain[0]!.positions);
  });

  it('stops when told to, without a leak', async () => {
    await expectNoLeak(async () => {
      const made = await source();
      const stop = new AbortController();
      await expect(async () => {
        for await (const batch of made.epoch({ seed: 0, epoch: 0, signal: stop.signal })) {
          batch.dispose();
          stop.abort(new Error('enough'));
        }
      }).rejects.toThrow('enough');
      for await (const batch of made.epoch({ seed: 0, epoch: 0 })) {
        batch.dispose();
        break;
      }
    });
  });
});

describe('evaluation', () => {
  it('has every point, in order; votes come home through the voxels', async () => {
    const made = await source({ training: false, voxel: { side: 1.5 } });
    const votes = new Map(
      await Promise.all(
        made.scenes.map(
          async ({ id, points }) => [id, { votes: new PointVotes(points, 2), scene: await made.scene(id) }] as const,
        ),
      ),
    );
    const first = await collect(made);
    expect(await collect(made, 9, 9)).toEqual(first);
    for (const batch of first)
      for (const [s, id] of batch.scenes.entries()) {
        // A model that knows: logits from the labels, class 0 for ignored points.
        const logits = [...batch.labels.subarray(s * 30, s * 30 + 30)].flatMap((label) =>
          label === 1 ? [0, 1] : [1, 0],
        );
        votes.get(id)!.votes.add(batch.points[s]!, logits);
      }
    for (const { votes: found, scene } of votes.values()) {
      expect(found.without).toBe(0);
      const own = found.classesOf(scene.cloud.positions);
      expect([...own]).toEqual([...scene.cloud.labels!].map((label) => (label === 1 ? 1 : 0)));
      const all = spread(own, scene.standIn!);
      expect(all.length).toBe(scene.allLabels.length);
      const { positions } = await readCloud(join(folder, scene.id));
      const voxel = (from: Float32Array, i: number) =>
        [0, 1, 2].map((axis) => Math.floor(from[3 * i + axis]! / 1.5)).join(' ');
      for (const [i, place] of scene.standIn!.entries())
        expect(voxel(scene.cloud.positions, place)).toBe(voxel(positions, i));
      expect(made.scenes.find(({ id }) => id === scene.id)).toEqual({
        id: scene.id,
        read: all.length,
        points: own.length,
      });
    }
  });

  it('is the same in a browser', async () => {
    const chosen = Object.entries(files).map(([path, text]) => ({ path, file: file(path, text) }));
    const browser = await browserSource(await chooseScenes(chosen, { classes }), { ...base, training: false });
    expect(await collect(browser)).toEqual(await collect(await source({ training: false })));
  });
});

describe('the store', () => {
  it('goes by content: another text, other labels and other classes are other clouds', async () => {
    const cache = join(folder, '.content');
    const path = join(folder, '.one');
    const read = async (text: string, spec: string) => {
      writeFileSync(`${path}.txt`, text);
      const one = await readScenes(`${path}.txt`, { classes: parseClasses(spec) });
      const made = await pointSource(one, {
        ...base,
        sampling: sphereSampling({ points: 2 }),
        features: ['height'],
        cache,
      });
      return [made.counts, readdirSync(cache).length];
    };
    expect(await read('0 0 0 1\n1 1 1 2\n', 'a=1,b=2')).toEqual([[1, 1], 1]);
    expect(await read('0 0 0 1\n1 1 1 2\n', 'a=1,b=2')).toEqual([[1, 1], 1]);
    expect(await read('0 0 0 1\n1 1 1 1\n', 'a=1,b=2')).toEqual([[2, 0], 2]);
    expect(await read('0 0 0 1\n1 1 1 1\n', 'a=2,b=1')).toEqual([[0, 2], 3]);
  });

  it('takes a cut or foreign file for absent', async () => {
    const cache = join(folder, '.cut');
    const whole = await collect(await source({ cache }));
    for (const [i, name] of readdirSync(cache).entries()) {
      const bytes = readFileSync(join(cache, name));
      writeFileSync(
        join(cache, name),
        [bytes.subarray(0, bytes.length - 4), bytes.subarray(0, 20), Buffer.from('else')][i]!,
      );
    }
    expect(await collect(await source({ cache }))).toEqual(whole);
    expect(await collect(await source({ cache }))).toEqual(whole);
  });

  it('in memory keeps no more than it may; a folder that cannot be made is refused', async () => {
    const cloud = await (await source()).scene('small.txt');
    const store = cloudMemoryStore(1500);
    await store.put('a', cloud.cloud);
    await store.put('b', cloud.cloud);
    expect([await store.get('a'), await store.get('b')]).toEqual([cloud.cloud, undefined]);
    await expect(source({ cache: join(folder, 'big.txt', 'inner') })).rejects.toThrow(
      /cannot hold clouds.*another cache folder/,
    );
    await expect(source({ cache: join(folder, '.x'), store })).rejects.toThrow(/not both/);
  });
});

describe('refuses', () => {
  it.each([
    [{ batch: 0 }, /batch is 0/],
    [{ batch: 30, dropLast: true }, /7 samples make no batch of 30/],
    [{ prefetch: -1 }, /prefetch is -1/],
    [{ samples: 0 }, /samples is 0/],
    [{ features: [] }, /features is empty/],
    [{ features: ['height', 'intensity'] }, /big.txt: it has no feature "intensity"; it has: height, position, colour/],
    [{ training: false, samples: 2 }, /samples and augment are for training/],
    [{ sampling: sphereSampling({ points: 50 }) }, /small.txt: it has 40 points where a sample takes 50/],
    [{ voxel: { side: 100 } }, /big.txt: it has 1 points where a sample takes 30.*voxels smaller/],
    [{ augment: { flip: 2 } }, /flip is 2/],
  ] as const)('%o', async (options, message) => {
    await expect(source(options as unknown as Partial<NodePointSourceOptions>)).rejects.toThrow(message);
  });

  it('scenes in which nothing counts', async () => {
    const nothing = await readScenes(folder, {
      classes: classTable(
        ['a', 'b'].map((name, i) => ({ name, codes: [10 + i] })),
        { codes: [[0, 9]] },
      ),
    });
    await expect(pointSource(nothing, base)).rejects.toThrow(/No point of the 3 scenes has a class that counts/);
  });
});
