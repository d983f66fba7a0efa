/** Checkpoints in a folder of a browser's: resumed to the bit, and whole whatever happens while writing. */
import '@tensorflow/tfjs-backend-wasm';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectNoLeak } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  CheckpointExistsError,
  CheckpointFormatError,
  type CheckpointOptions,
  CheckpointWriteError,
  checkpointName,
  finetune,
} from '../src/index.ts';
import { type BrowserFolder, browserFolder } from './browser-folder.ts';
import { toyModel, toySource } from './toy.ts';

const epochs = 3;

beforeAll(async () => {
  await tf.setBackend('wasm');
});

/** Losses by step. @param breakAt the step after which the tab is closed */
async function run(checkpoint?: CheckpointOptions, breakAt?: number): Promise<[number, number][]> {
  const model = toyModel();
  const losses: [number, number][] = [];
  try {
    for await (const event of finetune(model, toySource(), { epochs, ...(checkpoint && { checkpoint }) })) {
      if (event.type === 'step') losses.push([event.step, event.loss]);
      if (event.type === 'step' && event.step === breakAt) break;
    }
  } finally {
    model.dispose();
  }
  return losses;
}

const bytesOf = ({ files }: BrowserFolder) => {
  const bytes = files.get(checkpointName);
  return bytes && Buffer.from(bytes);
};

test('resumes to the bit, and its file is the one that Node writes', async () => {
  await expectNoLeak(async () => {
    const whole = await run();
    const folder = browserFolder();
    const first = await run({ folder: folder.handle, every: 1 }, 5);
    const rest = await run({ folder: folder.handle, every: 1, resume: true });
    // Closed before the checkpoint of the fifth step was made.
    expect([...first.slice(0, 4), ...rest]).toEqual(whole);
    expect([...folder.files.keys()]).toEqual([checkpointName]);
    const disk = await mkdtemp(join(tmpdir(), 'dr2net-browser-'));
    try {
      await run({ folder: disk, every: 1 }, 5);
      await run({ folder: disk, every: 1, resume: true });
      expect(bytesOf(folder)?.equals(await readFile(join(disk, checkpointName)))).toBe(true);
    } finally {
      await rm(disk, { recursive: true });
    }
  });
});

test('a checkpoint that nobody asked to go on from is refused, and one that was never written is none', async () => {
  const folder = browserFolder();
  await run({ folder: folder.handle }, 5);
  await expect(run({ folder: folder.handle })).rejects.toThrow(CheckpointExistsError);
  await expect(run({ folder: folder.handle })).rejects.toThrow(`runs/${checkpointName} is there already`);
  folder.files.set(checkpointName, new Uint8Array());
  expect((await run({ folder: folder.handle }, 1)).length).toBe(1);
});

describe('a write that is cut off', () => {
  test.each([
    // The browser's stream has failed then, ...
    ['by a full disk', (folder: BrowserFolder, size: number) => Object.assign(folder, { quota: size / 2 })],
    // ... or it is open and has half of the file.
    [
      'by an error on the way',
      (folder: BrowserFolder) => {
        let pieces = 0;
        folder.onWrite = () => {
          if (++pieces === 3) throw new Error('no room is left');
        };
      },
    ],
  ])('%s: the checkpoint before it is whole, and goes on', async (_, fail) => {
    await expectNoLeak(async () => {
      const whole = await run();
      const folder = browserFolder();
      await run({ folder: folder.handle, every: 1 }, 4);
      const before = bytesOf(folder) ?? Buffer.alloc(0);
      fail(folder, before.length);
      const failing = run({ folder: folder.handle, every: 1, resume: true });
      await expect(failing).rejects.toThrow(CheckpointWriteError);
      await expect(failing).rejects.toThrow(/no room is left\. The checkpoint before it \(step 3\) is whole/);
      expect(bytesOf(folder)?.equals(before)).toBe(true);
      expect([...folder.files.keys()]).toEqual([checkpointName]);
      Object.assign(folder, { quota: Number.POSITIVE_INFINITY, onWrite: () => {} });
      expect(await run({ folder: folder.handle, every: 1, resume: true })).toEqual(whole.slice(3));
    });
  });

  test('by the end of the tab, at any piece: the folder has the one before', async () => {
    const whole = await run();
    const folder = browserFolder();
    await run({ folder: folder.handle, every: 1 }, 4);
    const before = bytesOf(folder);
    let pieces = 0;
    folder.onWrite = () => {
      pieces++;
      // What a new tab would find now.
      expect(bytesOf(folder)?.equals(before ?? Buffer.alloc(0))).toBe(true);
    };
    await run({ folder: folder.handle, every: 1, resume: true }, 5);
    expect(pieces).toBeGreaterThan(3);
    expect(bytesOf(folder)?.equals(before ?? Buffer.alloc(0))).toBe(false);
    folder.onWrite = () => {};
    expect(await run({ folder: folder.handle, every: 1, resume: true })).toEqual(whole.slice(4));
  });
});

test('a damaged file is refused by name', async () => {
  const folder = browserFolder();
  await run({ folder: folder.handle, every: 1 }, 3);
  const bytes = folder.files.get(checkpointName) ?? new Uint8Array();
  folder.files.set(checkpointName, bytes.slice(0, bytes.length - 40));
  const resumed = run({ folder: folder.handle, resume: true });
  await expect(resumed).rejects.toThrow(CheckpointFormatError);
  await expect(resumed).rejects.toThrow(`runs/${checkpointName}`);
});

test('a browser that writes no files in place is told so before training', async () => {
  const folder = browserFolder();
  const { getFileHandle } = folder.handle;
  const handle = {
    ...folder.handle,
    getFileHandle: async (...given: Parameters<typeof getFileHandle>) => ({
      getFile: (await getFileHandle(...given)).getFile,
    }),
  } as FileSystemDirectoryHandle;
  await expect(run({ folder: handle })).rejects.toThrow(/createWritable/);
});
