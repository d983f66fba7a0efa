import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTensorFile } from '../src/index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dr2net-tensors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with one tensor of each kind, its bytes laid out by hand. */
function write(name: string, cut = 0): string {
  const header = JSON.stringify({
    labels: { dtype: 'I64', shape: [2], data_offsets: [0, 16] },
    mask: { dtype: 'U8', shape: [3], data_offsets: [24, 27] },
    classes: { dtype: 'I32', shape: [2], data_offsets: [16, 24] },
    pixels: { dtype: 'F32', shape: [1, 2], data_offsets: [27, 35] },
  });
  const bytes = Buffer.alloc(8 + header.length + 35);
  bytes.writeBigUInt64LE(BigInt(header.length), 0);
  bytes.write(header, 8);
  const data = bytes.subarray(8 + header.length);
  data.writeBigInt64LE(-3n, 0);
  data.writeBigInt64LE(7n, 8);
  data.writeInt32LE(-1, 16);
  data.writeInt32LE(5, 20);
  data.set([0, 1, 255], 24);
  data.writeFloatLE(0.5, 27);
  data.writeFloatLE(-2, 31);
  const path = join(folder, name);
  writeFileSync(path, bytes.subarray(0, bytes.length - cut));
  return path;
}

it('reads every tensor, integers as numbers', async () => {
  const tensors = await readTensorFile(write('all.safetensors'));
  expect(Object.fromEntries([...tensors].map(([key, { shape, data }]) => [key, [[...shape], [...data]]]))).toEqual({
    labels: [[2], [-3, 7]],
    mask: [[3], [0, 1, 255]],
    classes: [[2], [-1, 5]],
    pixels: [
      [1, 2],
      [0.5, -2],
    ],
  });
});

it('refuses what is not there or not whole', async () => {
  await expect(readTensorFile(join(folder, 'none.safetensors'))).rejects.toThrow(
    /There is no file .*none\.safetensors/,
  );
  await expect(readTensorFile(write('cut.safetensors', 4))).rejects.toThrow(/truncated.*pixels/);
});
