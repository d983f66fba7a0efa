import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ClipStore, diskStore, memoryStore } from '../src/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'dr2net-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = { width: 2, height: 1 };
const header = { info: { frames: 9, fps: 5, width: 20, height: 10 }, indices: [1, 4, 8], size };
const pixels = Uint8Array.from({ length: 18 }, (_, i) => i);
/** A clip whose pixels are most of its file. */
const wide = { header: { ...header, size: { width: 200, height: 1 } }, pixels: new Uint8Array(1800) };

let folders = 0;
const stores: [string, (maxBytes?: number) => ClipStore][] = [
  ['memory', (maxBytes) => memoryStore(maxBytes)],
  ['disk', (maxBytes) => diskStore(join(folder, `${folders++}`), maxBytes)],
];

describe.each(stores)('%s', (_, make) => {
  it('gives back what was put, frame by frame', async () => {
    const store = make();
    expect(await store.get('a')).toBeUndefined();
    await store.put('a', header, pixels);
    const kept = await store.get('a');
    expect(kept).toMatchObject(header);
    expect([...((await kept?.frames([2, 0])) ?? [])]).toEqual([12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5]);
    expect(await store.get('b')).toBeUndefined();
  });

  it('keeps no more than it may', async () => {
    const store = make(4000);
    for (const key of ['a', 'b', 'c']) await store.put(key, wide.header, wide.pixels);
    const kept = await Promise.all(['a', 'b', 'c'].map((key) => store.get(key)));
    expect(kept.map((clip) => clip !== undefined)).toEqual([true, true, false]);
  });
});

describe('on disk', () => {
  it('is there for the next run, and counts what it finds', async () => {
    const path = join(folder, 'again');
    await diskStore(path).put('a', wide.header, wide.pixels);
    const next = diskStore(path, 3000);
    expect(await next.get('a')).toMatchObject(wide.header);
    await next.put('b', wide.header, wide.pixels);
    expect(await next.get('b')).toBeUndefined();
  });

  it('takes a cut or foreign file for absent, and replaces it', async () => {
    const path = join(folder, 'cut');
    const store = diskStore(path);
    await store.put('a', header, pixels);
    const file = join(path, readdirSync(path)[0] as string);
    const whole = readFileSync(file);
    for (const bytes of [
      whole.subarray(0, whole.length - 1),
      whole.subarray(0, 30),
      whole.subarray(0, 3),
      Buffer.from('hello, I am something else'),
    ]) {
      writeFileSync(file, bytes);
      expect(await store.get('a')).toBeUndefined();
    }
    await store.put('a', header, pixels);
    expect(readFileSync(file)).toEqual(whole);
  });

  it('refuses a folder that cannot be made', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'a file where the folder should be');
    const store = diskStore(join(path, 'inner'));
    expect(await store.get('a')).toBeUndefined();
    await expect(store.put('a', header, pixels)).rejects.toThrow(
      /inner cannot hold decoded clips.*another cache folder/,
    );
  });
});
