/** What readers make of files written byte by byte, in Node and as a browser would. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { zipSync } from 'fflate';
import { File as HdfFile, ready } from 'h5wasm/node';
import { afterAll, describe, expect, it } from 'vitest';
import { readCloud as readInBrowser } from '../src/browser.ts';
import { type PointCloud, type ReadOptions, readCloud } from '../src/node.ts';
import { file, join, las, npy, pack, text } from './files.ts';

const folder = mkdtempSync(joinPath(tmpdir(), 'dr2net-clouds-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The same cloud from the disk and from a `File`. */
async function read(name: string, parts: readonly (Uint8Array | string)[], options: ReadOptions = {}) {
  const blob = file(name, ...parts);
  const path = joinPath(folder, name);
  writeFileSync(path, new Uint8Array(await blob.arrayBuffer()));
  const [disk, browser] = [await readCloud(path, { ...options, id: name }), await readInBrowser(blob, options)];
  expect(browser).toEqual(disk);
  return disk;
}

const xyz = [1.5, -2.25, 3, 0.125, 4, -5.5, 7, 8, 9.75];
const expectPositions = (cloud: PointCloud) => {
  expect(cloud.count).toBe(3);
  expect(cloud.origin).toEqual([0, 0, 0]);
  expect([...cloud.positions]).toEqual(xyz);
  expect(cloud.notes).toEqual([]);
};

describe('PLY', () => {
  const header = (format: string) =>
    `ply\r\nformat ${format} 1.0\r\ncomment made by hand\r\nelement info 1\r\nproperty short n\r\nelement vertex 3\r\nproperty uchar red\r\nproperty double z\r\nproperty float x\r\nproperty uchar blue\r\nproperty float y\r\nproperty uchar green\r\nproperty ushort label\r\nproperty float curvature\r\nelement face 1\r\nproperty list uchar int vertex_indices\r\nend_header\r\n`;
  const rows = [0, 1, 2].map((i) => [
    10 + i,
    xyz[3 * i + 2],
    xyz[3 * i],
    30 + i,
    xyz[3 * i + 1],
    20 + i,
    300 * i,
    i / 2,
  ]);
  const types = ['u1', 'f8', 'f4', 'u1', 'f4', 'u1', 'u2', 'f4'];
  const binary = (little: boolean) =>
    pack(little, [
      ['i2', 7],
      ...rows.flatMap((row) => row.map((value, c) => [types[c] as string, value as number] as const)),
      ['u1', 3],
      ['i4', 0],
      ['i4', 1],
      ['i4', 2],
    ]);
  it.each([
    ['ascii', [text(`7\n${rows.map((row) => row.join(' ')).join('\n')}\n3 0 1 2\n`)]],
    ['binary_little_endian', [binary(true)]],
    ['binary_big_endian', [binary(false)]],
  ] as const)('%s, properties in any order', async (format, parts) => {
    const cloud = await read(`${format}.ply`, [header(format), ...parts]);
    expectPositions(cloud);
    expect([...(cloud.colours ?? [])]).toEqual([10, 20, 30, 11, 21, 31, 12, 22, 32]);
    expect([...(cloud.labels ?? [])]).toEqual([0, 300, 600]);
    expect(Object.keys(cloud.features)).toEqual(['curvature']);
    expect([...(cloud.features.curvature as Float32Array)]).toEqual([0, 0.5, 1]);
  });
});

describe('PCD', () => {
  const header = (data: string) =>
    `# .PCD v0.7\nVERSION 0.7\nFIELDS x y z rgb label normal\nSIZE 4 4 4 4 2 4\nTYPE F F F F U F\nCOUNT 1 1 1 1 1 3\nWIDTH 3\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 3\nDATA ${data}\n`;
  const bits = [0x0a141e, 0x0b151f, 0x0c1620];
  const asFloat = bits.map((value) => new Float32Array(Uint32Array.of(value).buffer)[0] as number);
  const point = (i: number) => [0, 1, 2].map((axis) => ['f4', xyz[3 * i + axis] as number] as const);
  const rest = (i: number) =>
    [
      ['u4', bits[i] as number],
      ['u2', 7 * i],
      ['f4', 1],
      ['f4', 2],
      ['f4', 3],
    ] as const;
  const check = (cloud: PointCloud) => {
    expectPositions(cloud);
    expect([...(cloud.colours ?? [])]).toEqual([10, 20, 30, 11, 21, 31, 12, 22, 32]);
    expect([...(cloud.labels ?? [])]).toEqual([0, 7, 14]);
    expect(cloud.features).toEqual({});
  };
  it('ascii', async () => {
    const rows = [0, 1, 2].map((i) => [...xyz.slice(3 * i, 3 * i + 3), asFloat[i], 7 * i, 1, 2, 3].join(' '));
    check(await read('a.pcd', [header('ascii'), `${rows.join('\n')}\n`]));
  });
  it('binary', async () => {
    check(
      await read('b.pcd', [
        header('binary'),
        pack(
          true,
          [0, 1, 2].flatMap((i) => [...point(i), ...rest(i)]),
        ),
      ]),
    );
  });
  it('binary_compressed: literals, and references that reach into what they write', async () => {
    const columns = pack(true, [
      ...[0, 1, 2].flatMap((axis) => [0, 1, 2].map((i) => ['f4', xyz[3 * i + axis] as number] as const)),
      ...bits.map((value) => ['u4', value] as const),
      ...[0, 7, 14].map((value) => ['u2', value] as const),
    ]);
    const normals = pack(
      true,
      Array.from({ length: 9 }, () => ['f4', 0] as const),
    );
    const literals: Uint8Array[] = [];
    for (let from = 0; from < columns.length; from += 32) {
      const run = columns.subarray(from, from + 32);
      literals.push(Uint8Array.of(run.length - 1), run);
    }
    // One literal zero, then 35 more bytes from 1 back: control 7<<5 (long), 35 − 2 − 7 = 26, distance 0.
    const packed = join(...literals, Uint8Array.of(0, 0), Uint8Array.of(7 << 5, 26, 0));
    const sizes = pack(true, [
      ['u4', packed.length],
      ['u4', columns.length + normals.length],
    ]);
    check(await read('c.pcd', [header('binary_compressed'), sizes, packed]));
  });
});

const points = [0, 1, 2].map((i) => ({
  xyz: [0, 1, 2].map((axis) => (xyz[3 * i + axis] as number) * 1000 - 1000) as [number, number, number],
  intensity: 1000 + i,
  classification: 2 + i,
  rgb: [65535, 257 * i, 0] as [number, number, number],
}));
describe('LAS', () => {
  it.each([2, 7] as const)('point format %i', async (format) => {
    const cloud = await read(`f${format}.las`, [las(format, points, 0.001, [1, 1, 1])]);
    expect([...cloud.positions]).toEqual(xyz.map((value) => Math.fround(value)));
    expect([...(cloud.intensity ?? [])]).toEqual([1000, 1001, 1002]);
    expect([...(cloud.labels ?? [])]).toEqual([2, 3, 4]);
    expect([...(cloud.colours ?? [])]).toEqual([255, 0, 0, 255, 1, 0, 255, 2, 0]);
  });
});

describe('extra bytes of LAS', () => {
  it('are fields by their description, scaled where it says so', async () => {
    const description = (type: number, options: number, name: string, scale = 0, shift = 0) => {
      const entry = new Uint8Array(192);
      entry.set([0, 0, type, options]);
      entry.set(text(name), 4);
      new DataView(entry.buffer).setFloat64(112, scale, true);
      new DataView(entry.buffer).setFloat64(136, shift, true);
      return entry;
    };
    // Two bytes without a meaning, a uint16 with a scale of 2, an int32 with a scale of 0.5 and an offset of 10.
    const entries = join(
      description(0, 2, ''),
      description(3, 8, 'tree', 2, 99),
      description(6, 24, 'height', 0.5, 10),
    );
    const record = new Uint8Array(54);
    record.set(text('LASF_Spec'), 2);
    new DataView(record.buffer).setUint16(18, 4, true);
    new DataView(record.buffer).setUint16(20, entries.length, true);
    const plain = las(2, points, 0.001, [1, 1, 1]);
    const header = plain.slice(0, 375);
    const view = new DataView(header.buffer);
    view.setUint32(96, 375 + 54 + entries.length, true);
    view.setUint32(100, 1, true);
    view.setUint16(105, 26 + 8, true);
    const records = [0, 1, 2].map((i) =>
      join(
        plain.subarray(375 + 26 * i, 401 + 26 * i),
        pack(true, [
          ['u2', 9],
          ['u2', 100 + i],
          ['i4', -3 * i],
        ]),
      ),
    );
    const cloud = await read('extra.las', [header, record, entries, ...records]);
    expect(cloud.features).toEqual({ tree: Float32Array.of(200, 202, 204), height: Float32Array.of(10, 8.5, 7) });
    expect([...cloud.positions]).toEqual(xyz.map(Math.fround));

    // Records two bytes shorter than the description says.
    view.setUint16(105, 26 + 6, true);
    const short = records.map((bytes) => bytes.subarray(0, 26 + 6));
    await expect(read('short.las', [header, record, entries, ...short])).rejects.toThrow(
      /short\.las: its extra field "height" is said to end at byte 34 of records of 32/,
    );
  });
});

describe('text', () => {
  const lines = (delimiter: string, end = '\n') =>
    [0, 1, 2].map((i) => [...xyz.slice(3 * i, 3 * i + 3), i].join(delimiter)).join(end);
  it.each([
    ['blanks.xyz', lines('  ')],
    ['tabs.txt', `${lines('\t', '\r\n')}\r\n\r\n`],
    ['commas.csv', `\uFEFFX, Y,Z,Class\n${lines(', ')}\n`],
    ['semicolons.txt', lines(';')],
    ['comment.txt', `//X Y Z Classification\n${lines(' ')}`],
    ['count.pts', `3\n${lines(' ')}\n`],
  ])('%s', async (name, content) => {
    const cloud = await read(name, [content]);
    expectPositions(cloud);
    expect([...(cloud.labels ?? [])]).toEqual([0, 1, 2]);
  });
  it('names that are given, another label column, none at all', async () => {
    const options = { columns: ['intensity', 'y', 'tree', 'x', 'z'], label: 'tree' };
    const cloud = await read('given.txt', ['5 1 8 2 3\n6 4 9 5 6\n'], options);
    expect([...cloud.positions]).toEqual([2, 1, 3, 5, 4, 6]);
    expect([...(cloud.labels ?? [])]).toEqual([8, 9]);
    expect([...(cloud.intensity ?? [])]).toEqual([5, 6]);
    expect((await read('none.txt', [lines(' ')], { label: false })).features.label).toEqual(Float32Array.of(0, 1, 2));
  });
  it('is cut into lines wherever its pieces end', async () => {
    const long = Array.from({ length: 60_000 }, (_, i) => `${i}.25 ${i % 7} ${i % 11} ${i % 5}`).join('\n');
    const cloud = await read('long.txt', [long]);
    expect(cloud.count).toBe(60_000);
    for (const i of [0, 1, 30_001, 59_999])
      expect([cloud.positions[3 * i], cloud.labels?.[i]]).toEqual([i + 0.25, i % 5]);
  });
});

describe('NPY and NPZ', () => {
  const rows = (type: string, order: readonly number[], little = true) =>
    pack(
      little,
      order.map((i) => [type, [...xyz][i] as number] as const),
    );
  const straight = xyz.map((_, i) => i);
  it.each([
    ['f8', '<f8', rows('f8', straight), false],
    ['f4 big endian', '>f4', rows('f4', straight, false), false],
    ['column-major', '<f8', rows('f8', [0, 3, 6, 1, 4, 7, 2, 5, 8]), true],
  ] as const)('%s', async (name, descr, data, fortran) => {
    expectPositions(await read(`${name}.npy`, [npy(descr, [3, 3], data, fortran)]));
  });
  it('half precision', async () => {
    const bits = [0x3e00, 0xc080, 0x4200, 0x3000, 0x4400, 0xc580, 0x4700, 0x4800, 0x48e0];
    expectPositions(
      await read('half.npy', [
        npy(
          '<f2',
          [3, 3],
          pack(
            true,
            bits.map((value) => ['u2', value] as const),
          ),
        ),
      ]),
    );
  });
  it('structured', async () => {
    const data = [0, 1, 2].flatMap((i) => [
      ['u1', i] as const,
      ...xyz.slice(3 * i, 3 * i + 3).map((value) => ['f4', value] as const),
    ]);
    const descr = "[('label', '|u1'), ('x', '<f4'), ('y', '<f4'), ('z', '<f4')]";
    const cloud = await read('structured.npy', [npy(descr, [3], pack(true, data))]);
    expectPositions(cloud);
    expect([...(cloud.labels ?? [])]).toEqual([0, 1, 2]);
  });
  it('NPZ with named arrays', async () => {
    const zip = zipSync({
      'points.npy': npy('<f8', [3, 3], rows('f8', straight)),
      'label.npy': npy('|u1', [3], Uint8Array.of(4, 5, 6)),
      'colors.npy': npy(
        '<f4',
        [3, 3],
        pack(
          true,
          Array.from({ length: 9 }, (_, i) => ['f4', i / 10] as const),
        ),
      ),
    });
    const cloud = await read('named.npz', [zip]);
    expectPositions(cloud);
    expect([...(cloud.labels ?? [])]).toEqual([4, 5, 6]);
    expect([...(cloud.colours ?? [])]).toEqual([0, 26, 51, 77, 102, 128, 153, 178, 204]);
  });
});

describe('HDF5', () => {
  const write = async (name: string, fill: (made: InstanceType<typeof HdfFile>) => void) => {
    await ready;
    const path = joinPath(folder, `made-${name}`);
    const made = new HdfFile(path, 'w');
    fill(made);
    made.close();
    return new Uint8Array((await import('node:fs')).readFileSync(path));
  };
  it('arrays by name', async () => {
    const bytes = await write('named.h5', (made) => {
      made.create_dataset({ name: 'xyz', data: Float64Array.from(xyz), shape: [3, 3] });
      made.create_dataset({ name: 'label', data: Int32Array.of(1, 2, 3), shape: [3] });
    });
    const cloud = await read('named.h5', [bytes]);
    expectPositions(cloud);
    expect([...(cloud.labels ?? [])]).toEqual([1, 2, 3]);
  });
  it('one of several clouds', async () => {
    const bytes = await write('clouds.h5', (made) => {
      const other = xyz.map((value) => value + 1);
      made.create_dataset({ name: 'data', data: Float32Array.from([...other, ...xyz]), shape: [2, 3, 3] });
      made.create_dataset({ name: 'label', data: Uint8Array.of(0, 0, 0, 1, 2, 3), shape: [2, 3] });
    });
    const cloud = await read('clouds.h5', [bytes], { row: 1 });
    expectPositions(cloud);
    expect([...(cloud.labels ?? [])]).toEqual([1, 2, 3]);
    await expect(read('clouds.h5', [bytes])).rejects.toThrow(/clouds.h5: its arrays hold 2 clouds.*row: 0 … 1/);
  });
});
