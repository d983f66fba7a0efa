import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findSplits, readClips } from './read-clips.ts';

let base = '';
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'dr2net-splits-'));
  for (const folder of ['train/wave', 'val/wave', 'notes'])
    mkdirSync(join(base, 'folders', folder), { recursive: true });
  for (const file of ['train/wave/a.mp4', 'val/wave/b.mp4', 'notes/readme.txt'])
    writeFileSync(join(base, 'folders', file), '');
  writeFileSync(join(base, 'clips.csv'), 'file,label,part\na.mp4,wave,one\nb.mp4,wave,two\nc.mp4,bow,one\n');
});
afterAll(() => rmSync(base, { recursive: true }));

it('finds splits in folders and in the named column of a table', async () => {
  expect(await findSplits(join(base, 'folders'))).toEqual(['train', 'val']);
  expect(await findSplits(join(base, 'folders', 'train'))).toEqual([]);
  expect(await findSplits(join(base, 'clips.csv'))).toEqual([]);
  expect(await findSplits(base, { splitColumn: 'Part' })).toEqual(['one', 'two']);
  await expect(findSplits(join(base, 'nowhere'))).rejects.toThrow(/no file or folder/);
});

it('reads the rows of a split in the named column, and refuses a column that is not there', async () => {
  const { clips } = await readClips(base, { split: 'one', splitColumn: 'part' });
  expect(clips.map(({ id }) => id)).toEqual(['a.mp4', 'c.mp4']);
  await expect(readClips(base, { splitColumn: 'parts' })).rejects.toThrow(/no column "parts".*file,label,part/);
});
