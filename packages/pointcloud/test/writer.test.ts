/** Written files, read by an independent look at their bytes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { classColour, encodePly, type PointCloud, readCloud, writePly, writePointLabels } from '../src/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'dr2net-written-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cloud: PointCloud = {
  id: 'made',
  count: 2,
  origin: [0, 0, 0],
  positions: Float32Array.of(1, 2, 3, 4.5, 5.5, 6.5),
  colours: Uint8Array.of(9, 8, 7, 6, 5, 4),
  features: {},
  notes: [],
};

it('PLY: the header, then points of float, colours and labels', async () => {
  const path = join(folder, 'a.ply');
  await writePly(path, cloud, { labels: [1, 255], classes: ['tree', 'the  ground'] });
  const bytes = readFileSync(path);
  const header =
    'ply\nformat binary_little_endian 1.0\ncomment class 0 tree\ncomment class 1 the ground\nelement vertex 2\n' +
    'property float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n' +
    'property uchar label\nend_header\n';
  expect(bytes.subarray(0, header.length).toString()).toBe(header);
  expect(bytes.length).toBe(header.length + 2 * 16);
  const second = header.length + 16;
  expect([0, 4, 8].map((at) => bytes.readFloatLE(second + at))).toEqual([4.5, 5.5, 6.5]);
  expect([...bytes.subarray(header.length + 12, header.length + 16)]).toEqual([...classColour(1), 1]);
  expect([...bytes.subarray(second + 12)]).toEqual([...classColour(255), 255]);
  expect(readdirSync(folder)).toEqual(['a.ply']);
});

it('PLY: true labels beside those that were found', async () => {
  const bytes = Buffer.from(encodePly(cloud, { labels: [1, 0], truth: [1, 255] }));
  const start = bytes.indexOf('end_header\n') + 11;
  expect(bytes.subarray(0, start).toString()).toMatch(/property uchar label\nproperty uchar truth\nend_header/);
  expect(bytes.length).toBe(start + 2 * 17);
  expect([...bytes.subarray(start + 17 + 12)]).toEqual([...classColour(0), 0, 255]);
  const again = await readCloud(new File([bytes], 'again.ply'));
  expect([again.labels, again.features.truth]).toEqual([Int32Array.of(1, 0), Float32Array.of(1, 255)]);
  expect(() => encodePly(cloud, { truth: [0, -1] })).toThrow(/made, point 1: truth -1 is none of 0 … 255/);
});

it('PLY: double where there is an origin, the cloud’s own colours without labels', async () => {
  const bytes = Buffer.from(encodePly({ ...cloud, origin: [500000, 5400000, 0] }));
  const start = bytes.indexOf('end_header\n') + 11;
  expect(bytes.subarray(0, start).toString()).toMatch(/property double x\n.*property uchar blue\nend_header/s);
  expect([0, 8, 16].map((at) => bytes.readDoubleLE(start + at))).toEqual([500001, 5400002, 3]);
  expect([...bytes.subarray(start + 24, start + 27)]).toEqual([9, 8, 7]);
  const again = await readCloud(new File([bytes], 'again.ply'));
  expect(again.colours).toEqual(cloud.colours);
});

it('labels as text', async () => {
  const path = join(folder, 'labels.txt');
  await writePointLabels(path, Uint8Array.of(3, 0, 255));
  expect(readFileSync(path, 'utf8')).toBe('3\n0\n255\n');
});

it('refuses labels and colours that do not fit, and leaves no file', async () => {
  expect(() => encodePly(cloud, { labels: [1] })).toThrow(/1 values of label for the 2 points of made/);
  expect(() => encodePly(cloud, { labels: [0, 256] })).toThrow(/made, point 1: label 256 is none of 0 … 255/);
  for (const label of [-1, 0.5, Number.NaN])
    expect(() => encodePly(cloud, { labels: [0, label] })).toThrow(`made, point 1: label ${label} is none of 0 … 255`);
  expect(() => encodePly(cloud, { colours: [1, 2] })).toThrow(/2 numbers of colour/);
  for (const value of [-1, 256, 0.5, Number.NaN])
    for (const labels of [{}, { labels: [0, 1] }])
      expect(() => encodePly(cloud, { colours: [0, 1, 2, 3, value, 255], ...labels })).toThrow(
        `made, point 1: green ${value} is none of 0 … 255`,
      );
  await expect(writePly(join(folder, 'no', 'where.ply'), cloud)).rejects.toThrow(/ENOENT/);
});

it('has 16 colours that are all apart', () => {
  const all = Array.from({ length: 16 }, (_, k) => classColour(k));
  for (const [i, a] of all.entries())
    for (const b of all.slice(i + 1))
      expect(Math.hypot(...a.map((value, c) => value - (b[c] as number)))).toBeGreaterThan(40);
});
