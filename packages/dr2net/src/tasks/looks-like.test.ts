/** What is said of data that a task cannot read. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatasetError } from '@dr2net/video';
import { afterAll, expect, it } from 'vitest';
import { readAs } from './looks-like.ts';

const base = mkdtempSync(join(tmpdir(), 'dr2net-looks-like-'));
afterAll(() => rmSync(base, { recursive: true }));

const fails = async () => {
  throw new DatasetError('class "a" has one clip only.');
};

it.each([
  ['pictures', ['instances_train.json', 'a/1.jpg'], /It looks like data of the task detection, but the task is video/],
  ['a model', ['config.json', 'model.safetensors'], /are --model and --data exchanged\?/],
  ['clips beside other files', ['config.json', 'annotations.json', 'a/1.mp4'], /^class "a" has one clip only\.$/],
  ['nothing that is known', ['a/notes.txt'], /^class "a" has one clip only\.$/],
])('%s', async (what, files, message) => {
  for (const file of files) {
    const path = join(base, what, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '');
  }
  await expect(readAs('video', join(base, what), fails)).rejects.toThrow(message);
});
