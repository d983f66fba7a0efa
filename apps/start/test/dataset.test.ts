import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSplits, readClips } from '@dr2net/video';
import { motions } from 'dr2net/example';
import { expect, it } from 'vitest';
import { writeDataset } from '../src/data/dataset.ts';

it('writes class folders that read as a data set, once', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'start-')), 'clips');
  const counts = { train: 2, val: 1 };
  const progress: number[] = [];
  expect(await writeDataset(folder, (done) => progress.push(done), counts)).toBe(true);
  expect(progress).toHaveLength(motions.length * 3);
  expect(await findSplits(folder)).toEqual(['train', 'val']);
  const { clips, labels } = await readClips(folder, { split: 'train' });
  expect(labels).toEqual([...motions].sort());
  expect(clips).toHaveLength(16);
  const first = join(folder, 'train', 'left', '000.mp4');
  const made = statSync(first).mtimeMs;
  expect(await writeDataset(folder, () => {}, counts)).toBe(false);
  expect(statSync(first).mtimeMs).toBe(made);
  // Another number of clips is another data set; nothing of the old one stays.
  expect(await writeDataset(folder, () => {}, { train: 1, val: 1 })).toBe(true);
  expect(readdirSync(join(folder, 'train', 'left'))).toEqual(['000.mp4']);
});
