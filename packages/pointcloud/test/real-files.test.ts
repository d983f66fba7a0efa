/** Real scans, where they lie beside the repository: counts and extents as their owners state them. */
import '@tensorflow/tfjs-backend-cpu';
import { readdirSync, readFileSync } from 'node:fs';
import { sharedPath } from '@dr2net/testing';
import { describe, expect, it } from 'vitest';
import { blockSampling, bounds, pointSource, readCloud, readScenes, selectScenes } from '../src/node.ts';

const aerial = sharedPath('data/aerial-lidar');

function counted(labels: Int32Array | undefined): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const label of labels ?? []) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

describe.skipIf(!aerial)('LAZ', () => {
  it.each([
    ['autzen_trim', 110_000, { 1: 83_893, 2: 26_107 }],
    ['Topography', 73_403, { 1: 61_347, 2: 8_159, 9: 3_897 }],
    ['MixedConifer', 37_657, { 1: 31_832, 2: 5_820, 11: 5 }],
  ] as const)('%s: points, classes, and the extent of its header', async (name, points, classes) => {
    const path = `${aerial}/${name}.laz`;
    const cloud = await readCloud(path);
    expect(cloud.count).toBe(points);
    expect(counted(cloud.labels)).toEqual(classes);
    const header = readFileSync(path).subarray(0, 227);
    const { least, most } = bounds(cloud.positions);
    for (let axis = 0; axis < 3; axis++) {
      const origin = cloud.origin[axis] as number;
      expect(Math.abs(header.readDoubleLE(179 + 16 * axis) - most[axis]! - origin)).toBeLessThan(2e-3);
      expect(Math.abs(header.readDoubleLE(187 + 16 * axis) - least[axis]! - origin)).toBeLessThan(2e-3);
    }
    expect(cloud.notes).toEqual([expect.stringMatching(/recentred/)]);
    expect(cloud.colours?.length).toBe(name === 'autzen_trim' ? 3 * points : undefined);
    if (name === 'MixedConifer') expect(new Set(cloud.features.treeID).size).toBeGreaterThan(100);
  });

  it.each([0.002, 0.02, 0.5, 0.97])('cut to %f of its length is refused', async (share) => {
    const bytes = readFileSync(`${aerial}/MixedConifer.laz`);
    const cut = new File([bytes.subarray(0, Math.floor(bytes.length * share))], 'cut.laz');
    await expect(readCloud(cut)).rejects.toThrow(/cut.laz: .*(truncated|ends in its header).*copy it again/i);
  });

  it('cut short, is told from its table of chunks before anything is unpacked', async () => {
    const bytes = readFileSync(`${aerial}/MixedConifer.laz`);
    const cut = new File([bytes.subarray(0, bytes.length >> 1)], 'cut.laz');
    await expect(readCloud(cut)).rejects.toThrow(
      /its table of chunks should stand at byte 266\d+, but the file has 133297/,
    );
  });

  it('a LAZ file that announces more points than memory holds', () => {
    const bytes = new Uint8Array(readFileSync(`${aerial}/Topography.laz`));
    new DataView(bytes.buffer).setUint32(107, 4e9, true);
    return expect(readCloud(new File([bytes], 'vast.laz'))).rejects.toThrow(
      /vast.laz: point 0 of 4000000000 cannot be unpacked.*truncated or broken/,
    );
  });
  it('broken in the middle is refused', async () => {
    const bytes = new Uint8Array(readFileSync(`${aerial}/Topography.laz`));
    // The table of chunks: sizes that lead out of the file.
    const table = Number(new DataView(bytes.buffer).getBigInt64(397, true));
    bytes.fill(0xff, table, table + 8);
    await expect(readCloud(new File([bytes], 'broken.laz'))).rejects.toThrow(
      /broken.laz: point 0 of 73403.*truncated or broken/,
    );
  });
});

const maize = sharedPath('data/maize-organs');

describe.skipIf(!maize)('labelled text', () => {
  it('11 plants: a point a line, organs from 1 on', async () => {
    const files = readdirSync(maize as string).filter((name) => name.endsWith('labeled.txt'));
    expect(files.length).toBe(11);
    for (const name of files) {
      const cloud = await readCloud(`${maize}/${name}`);
      const rows = readFileSync(`${maize}/${name}`, 'utf8').trim().split(/\r?\n/);
      expect(cloud.count).toBe(rows.length);
      const last = (rows.at(-1) as string).split(' ').map(Number);
      expect([...cloud.positions.subarray(-3), cloud.labels?.at(-1)]).toEqual([
        ...last.slice(0, 3).map(Math.fround),
        last[3],
      ]);
      expect(Math.min(...(cloud.labels as Int32Array))).toBe(1);
    }
  });
});

const forest = sharedPath('data/forest-lidar');

describe.skipIf(!forest)('S3DIS layout', () => {
  it('joins the objects of both plots, parted by the split of their owners', async () => {
    const all = await readScenes(forest as string);
    expect(all.classes.names).toEqual(['clutter', 'ground', 'tree']);
    const options = { batch: 1, training: true, sampling: blockSampling({ side: 8, points: 4096 }) };
    const whole = await pointSource(all, options);
    expect(whole.scenes.map(({ id, points }) => [id, points])).toEqual([
      ['Area_1/Park_1', 451_492],
      ['Area_2/linchang_2', 366_936],
    ]);
    expect(whole.counts).toEqual([34_534, 192_408 + 21_919, 224_550 + 345_017]);
    const part = async (lines: string[]) => pointSource(selectScenes(all, lines), options);
    const train = await part(['Area_2', 'Area_1/Park_1 x<-10']);
    const held = await part(['Area_1/Park_1 x>=-10']);
    expect(train.scenes.map(({ id }) => id)).toEqual(['Area_2/linchang_2', 'Area_1/Park_1 x<-10']);
    expect([...train.scenes, ...held.scenes].reduce((sum, { points }) => sum + points, 0)).toBe(818_428);
    for (const { scenes } of [train, held]) for (const { points } of scenes) expect(points).toBeGreaterThan(50_000);
  });
});
