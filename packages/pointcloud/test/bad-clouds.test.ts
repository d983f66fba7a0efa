/** Bad files: each is refused by an error that names file, line or point, and what to do. */
import { zipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { BadCloudError, type ReadOptions, readCloud } from '../src/node.ts';
import { urlSource } from '../src/reader/source.ts';
import { file, las, npy, pack } from './files.ts';

async function refusal(name: string, parts: readonly (Uint8Array | string)[], options: ReadOptions = {}) {
  const error = await readCloud(file(name, ...parts), options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadCloudError);
  return error as BadCloudError;
}

const ply = (count: number, body: string, format = 'ascii') =>
  `ply\nformat ${format} 1.0\nelement vertex ${count}\nproperty float x\nproperty float y\nproperty float z\nend_header\n${body}`;
const floats = (count: number) =>
  pack(
    true,
    Array.from({ length: count }, (_, i) => ['f4', i] as const),
  );
const pcd = (data: string) =>
  `VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 4\nHEIGHT 1\nPOINTS 4\nDATA ${data}\n`;
const lasPoint = { xyz: [1, 2, 3] as const, intensity: 0, classification: 1, rgb: [0, 0, 0] as const };

describe('no cloud at all', () => {
  it.each([
    ['a.txt', [''], 'empty', /a.txt: it has no points.*Remove it/],
    ['a.txt', ['# only a remark\n'], 'empty', /no points/],
    ['a.ply', [ply(0, '')], 'empty', /a.ply: it has no points/],
    ['a.obj', ['v 1 2 3'], 'unreadable', /extension ".obj" is not known; known: ply,/],
    ['a.ply', ['solid'], 'unreadable', /does not begin with "ply"/],
    ['a.las', ['nothing of the kind'], 'unreadable', /does not begin with "LASF"/],
    ['a.txt', ['1 2 3 4 5\n'], 'columns', /5 columns without names. Say what they are: columns:/],
    ['a.csv', ['a,b,c\n1,2,3\n'], 'columns', /no columns x, y and z; it has: a, b, c/],
    ['a.npy', [npy('<U4', [1, 3], new Uint8Array(48))], 'unreadable', /type '<U4' is no number.*astype/],
  ] as const)('%s: %s', async (name, parts, reason, message) => {
    const error = await refusal(name, parts);
    expect(error.message).toMatch(message);
    expect(error.reason).toBe(reason);
  });
  it('a missing file', async () => {
    await expect(readCloud('/nowhere/cloud.txt')).rejects.toThrow(
      /cloud.txt: the file cannot be opened.*Check the path/,
    );
    await expect(readCloud('/nowhere/cloud.ply')).rejects.toThrow(/cannot be opened/);
  });
});

describe('coordinates', () => {
  it.each([
    ['a.txt', ['1 2 3\n\n# remark\n4 nan 6\n'], /a.txt: line 4: y is NaN. Remove the point/],
    ['a.txt', ['1 2 3\n4 5 -inf\n'], /line 2: z is -Infinity/],
    ['a.ply', [ply(2, '1 2 3\nnan 5 6\n')], /a.ply: point 1: x is NaN/],
    ['a.ply', [ply(2, '1 2 3\n4 5 -inf\n')], /a.ply: point 1: z is -Infinity/],
    ['a.pcd', [`${pcd('ascii')}1 2 3\n4 5 6\n7 inf 9\n1 1 1\n`], /a.pcd: point 2: y is Infinity/],
    ['a.txt', ['1 2 3\n4 1e39 6\n'], /line 2: y is 1e\+39/],
    [
      'a.ply',
      [
        ply(2, '', 'binary_little_endian'),
        pack(
          true,
          [1, 2, 3, 4, 5, Infinity].map((v) => ['f4', v] as const),
        ),
      ],
      /point 1: z is Infinity/,
    ],
    [
      'a.npy',
      [
        npy(
          '<f4',
          [2, 3],
          pack(
            true,
            [1, 2, 3, Number.NaN, 5, 6].map((v) => ['f4', v] as const),
          ),
        ),
      ],
      /point 1: x is NaN/,
    ],
  ] as const)('%s not finite', async (name, parts, message) => {
    const error = await refusal(name, parts);
    expect([error.reason, error.message]).toEqual(['not-finite', expect.stringMatching(message)]);
  });
  it('all at one place', async () => {
    const error = await refusal('a.xyz', ['1 2 3\n1 2 3\n1 2 3\n']);
    expect([error.reason, error.message]).toEqual([
      'duplicates',
      expect.stringMatching(/all 3 points lie at \(1, 2, 3\)/),
    ]);
  });
  it('a small cloud is recentred as finely as its size asks for', async () => {
    const cloud = await readCloud(file('coin.txt', '4321.4001 0.4001 0\n4321.4003 0.4002 0.0001\n'));
    for (const [i, value] of [4321.4001, 0.4001, 0, 4321.4003, 0.4002, 0.0001].entries())
      expect(Math.abs((cloud.positions[i] as number) + (cloud.origin[i % 3] as number) - value)).toBeLessThan(1e-10);
  });
  it('a large offset is kept apart, and said', async () => {
    const cloud = await readCloud(file('utm.txt', '500000.001 5400000.002 100\n500001.003 5400001.004 101\n'));
    expect(cloud.origin).toEqual([500001, 5400001, 101]);
    const back = Array.from(cloud.positions, (value, i) => value + (cloud.origin[i % 3] as number));
    for (const [i, value] of [500000.001, 5400000.002, 100, 500001.003, 5400001.004, 101].entries())
      expect(Math.abs((back[i] as number) - value)).toBeLessThan(1e-6);
    expect(cloud.notes).toEqual([
      expect.stringMatching(/utm.txt: recentred.*\(500001, 5400001, 101\).*steps of 0.5 at 5400001.004/),
    ]);
  });
});

describe('columns and labels', () => {
  it.each([
    ['a.txt', ['1 2 3\n4 5 6 7\n'], 'columns', /line 2: 4 columns where line 1 has 3/],
    ['a.txt', ['1 2 3 0\n4 5\n'], 'columns', /line 2: 2 columns where line 1 has 4/],
    ['a.txt', ['1;2;3\n1,5;2;3\n'], 'columns', /line 2: "1,5" is no number \(column 1\). Decimals take a point/],
    ['a.csv', ['x,y,z\n1,2,3,4\n'], 'columns', /line 2: 4 columns, but the header names 3/],
    ['a.ply', [ply(2, '1 2 3\n1 2 3 4\n')], 'columns', /line 9: 4 numbers, but a vertex has 3/],
    ['a.ply', [ply(2, '1 2 3\n\n4 5 6\n')], 'columns', /line 9 is empty. Remove it/],
    ['a.pcd', [pcd('ascii'), '1 2 3\n1 2 3 4\n1 2 3\n1 2 3\n'], 'columns', /line 11: 4 numbers, but a point has 3/],
    ['a.txt', ['1 2 3 0\n4 5 6 0.5\n'], 'labels', /line 2: the label is 0.5, which is no whole number/],
    ['a.txt', ['1 2 3 -5 0 0\n4 5 6 0 0 0\n'], 'columns', /line 1: a colour is -5/],
  ] as const)('%s: %s', async (name, parts, reason, message) => {
    const error = await refusal(name, parts);
    expect([error.reason, error.message]).toEqual([reason, expect.stringMatching(message)]);
  });
  it('a label column that is not there', async () => {
    const error = await refusal('a.txt', ['1 2 3 0\n4 5 6 1\n'], { label: 'tree' });
    expect(error.message).toMatch(/no column "tree"; it has: x, y, z, label/);
  });
});

it('a row of arrays that hold one cloud', async () => {
  const array = npy('<f4', [4, 3], floats(12));
  for (const [name, bytes] of [
    ['a.npy', array],
    ['a.npz', zipSync({ 'points.npy': array })],
  ] as const) {
    const error = await refusal(name, [bytes], { row: 0 });
    expect([error.reason, error.message]).toEqual([
      'columns',
      expect.stringMatching(/row is 0, but its arrays hold one cloud.*Leave row out/),
    ]);
    expect((await readCloud(file(name, bytes))).count).toBe(4);
  }
});

describe('truncated', () => {
  const array = npy('<f4', [4, 3], floats(12));
  const zip = zipSync({ 'points.npy': array });
  it.each([
    ['a.ply', [ply(4, '1 2 3\n4 5 6\n7 8')], /announces 4 points, but ends in point 2/],
    ['a.ply', [ply(1e12, '1 2 3\n4 5 6\n')], /announces 1000000000000 points, but ends in point 2/],
    ['a.pcd', [pcd('ascii').replace('POINTS 4', 'POINTS 1000000000000'), '1 2 3\n'], /but ends in point 1/],
    ['a.ply', [ply(4, '', 'binary_little_endian'), floats(10)], /announces 4 points, but ends in point 3/],
    ['a.ply', ['ply\nformat ascii 1.0\nelement ver'], /header has no end/],
    ['a.pcd', [pcd('ascii'), '1 2 3\n4 5 6\n'], /announces 4 points, but ends in point 2/],
    ['a.pcd', [pcd('binary'), floats(11)], /announces 4 points, but ends in point 3/],
    [
      'a.pcd',
      [
        pcd('binary_compressed'),
        pack(true, [
          ['u4', 90],
          ['u4', 48],
        ]),
        floats(2),
      ],
      /do not unpack to 48 bytes/,
    ],
    ['a.pcd', ['VERSION .7\nFIELDS x y'], /header has no end/],
    ['a.npy', [array.subarray(0, array.length - 5)], /shape is \(4, 3\), 48 bytes, but it has 43/],
    ['a.npy', [array.subarray(0, 30)], /ends in its header/],
    ['a.npz', [zip.subarray(0, zip.length - 30)], /cannot be unzipped/],
    ['a.pts', ['3\n1 2 3\n4 5 6\n'], /announces 3 points and has 2/],
    ['a.las', [las(2, [lasPoint, lasPoint], 1, [0, 0, 0]).subarray(0, 410)], /announces 2 points, but ends in point 1/],
    ['a.las', [las(2, [lasPoint], 1, [0, 0, 0]).subarray(0, 200)], /ends in its header, after 200 bytes/],
    ['a.h5', ['\u0089HDF half of it'], /HDF5 cannot open it/],
  ] as const)('%s %#', async (name, parts, message) => {
    const error = await refusal(name, parts);
    expect([error.reason, error.message]).toEqual(['truncated', expect.stringMatching(message)]);
    expect(error.message).toMatch(/copy it again/i);
  });
});

describe('numbers that are none', () => {
  it.each([
    ['a.pcd', [`${pcd('ascii')}1 2 3\n4 five 6\n7 8 9\n1 1 1\n`], /a.pcd: line 11: "five" is no number \(y\)/],
    ['a.ply', [ply(2, '1 2 3\n4 nano 6\n')], /a.ply: line 9: "nano" is no number/],
  ])('%s', async (name, parts, message) => {
    expect((await refusal(name, parts)).message).toMatch(message);
  });
});

describe('addresses', () => {
  it('that cannot be fetched are named, and tried again', async () => {
    let calls = 0;
    vi.stubGlobal('fetch', async () => {
      if (calls++ === 0) throw new TypeError('fetch failed');
      return new Response(calls === 2 ? null : '1 2 3\n4 5 6\n', { status: calls === 2 ? 404 : 200 });
    });
    const source = urlSource(new URL('https://example.org/a.txt'), 'a.txt');
    await expect(source.bytes()).rejects.toThrow(/a.txt: https:.*a.txt cannot be fetched \(fetch failed\)/);
    await expect(source.bytes()).rejects.toThrow(BadCloudError);
    expect((await source.bytes()).length).toBe(12);
    vi.unstubAllGlobals();
  });
});
