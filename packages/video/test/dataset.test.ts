import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  DatasetError,
  inspectClips,
  labelClips,
  parseClipTable,
  readClips,
  splitClips,
  UnknownLabelError,
} from '../src/node.ts';
import { fakeDataset, fakeReader } from './fake-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'dr2net-dataset-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes files (contents by relative path) into a new folder. */
function files(name: string, contents: Record<string, string>): string {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('a folder of class folders', () => {
  const root = files('folders', {
    'walk/b.mp4': '',
    'walk/a.AVI': '',
    'run/c.webm': '',
    'run/notes.txt': '',
    '.git/x.mp4': '',
  });

  it('has the classes and video files in order', async () => {
    const { labels, clips } = await readClips(root);
    expect(labels).toEqual(['run', 'walk']);
    expect(clips.map(({ id, label }) => [id, label])).toEqual([
      ['run/c.webm', 0],
      ['walk/a.AVI', 1],
      ['walk/b.mp4', 1],
    ]);
    expect(clips[0]?.file).toBe(join(root, 'run', 'c.webm'));
  });

  it('keeps the order of given labels, and names the nearest for one that is not among them', async () => {
    expect((await readClips(root, { labels: ['walk', 'run'] })).clips.map(({ label }) => label)).toEqual([1, 0, 0]);
    const wrong = readClips(root, { labels: ['walks', 'run'] });
    await expect(wrong).rejects.toThrow(UnknownLabelError);
    await expect(readClips(root, { labels: ['walks', 'run'] })).rejects.toThrow(/"walk".*did you mean "walks"/);
  });

  it('leaves classes out', async () => {
    expect((await readClips(root, { exclude: ['run'] })).labels).toEqual(['walk']);
    await expect(readClips(root, { exclude: ['runn'] })).rejects.toThrow(/no class "runn".*"run"/);
  });

  it('takes a split from a folder of that name', async () => {
    const parted = files('parted', { 'train/a/1.mp4': '', 'val/a/2.mp4': '' });
    expect((await readClips(parted, { split: 'val' })).clips.map(({ id }) => id)).toEqual(['val/a/2.mp4']);
    await expect(readClips(parted, { split: 'test' })).rejects.toThrow(/no split "test".*train, val/);
  });

  it('refuses what holds no clips', async () => {
    await expect(readClips(files('empty', {}))).rejects.toThrow(DatasetError);
    await expect(readClips(files('no-video', { 'a/readme.txt': '' }))).rejects.toThrow(/has no clips/);
    await expect(readClips(join(folder, 'absent'))).rejects.toThrow(/There is no file or folder/);
  });
});

describe('a table', () => {
  it('may have a header, more columns, quotes, times and splits', async () => {
    const text = '\uFEFFset,Class,path,start,end,split\r\n1,"high five",sub/a.mp4,0.5,2,train\n\n2,wave,b.mp4,,,val\n';
    const root = files('table', { 'clips.csv': text });
    const all = await readClips(root);
    expect(all.labels).toEqual(['high five', 'wave']);
    expect(all.clips[0]).toEqual({
      id: 'sub/a.mp4[0.5,2)',
      file: join(root, 'sub/a.mp4'),
      label: 0,
      start: 0.5,
      end: 2,
    });
    expect((await readClips(join(root, 'clips.csv'), { split: 'val' })).clips.map(({ id }) => id)).toEqual(['b.mp4']);
    await expect(readClips(root, { split: 'vall' })).rejects.toThrow(/no split "vall"; splits: train, val/);
  });

  it('may have no header', () => {
    expect(parseClipTable('a.mp4,x\nb.mp4,y,1,2', 't')).toEqual([
      { id: 'a.mp4', file: 'a.mp4', labelName: 'x' },
      { id: 'b.mp4[1,2)', file: 'b.mp4', labelName: 'y', start: 1, end: 2 },
    ]);
  });

  it('sorts numeric labels as numbers', () => {
    expect(labelClips(parseClipTable('a,10\nb,9\nc,2', 't'), 't').labels).toEqual(['2', '9', '10']);
  });

  it.each([
    ['file\na.mp4', /no column "label"/],
    ['a.mp4', /row 1: no label/],
    ['file,label\na.mp4,x\n,y', /row 3: no file/],
    ['a.mp4,x,one', /start "one" is not a time/],
    ['a.mp4,x,-1', /start "-1"/],
    ['a.mp4,x,3,2', /end 2 is not after start 3/],
    ['a.mp4,x\na.mp4,y', /row 2: a.mp4 occurs twice/],
  ])('refuses %j', (text, message) => {
    expect(() => parseClipTable(text, 'table.csv')).toThrow(message);
  });
});

describe('splitClips', () => {
  it('parts every class, the same way for the same seed', () => {
    const dataset = fakeDataset(30);
    const { train, held } = splitClips(dataset, { share: 0.3, seed: 4 });
    const count = (part: typeof dataset) =>
      [0, 1, 2].map((label) => part.clips.filter((clip) => clip.label === label).length);
    expect([count(train), count(held)]).toEqual([
      [7, 7, 7],
      [3, 3, 3],
    ]);
    expect(splitClips(dataset, { share: 0.3, seed: 4 })).toEqual({ train, held });
    expect(splitClips(dataset, { share: 0.3, seed: 5 })).not.toEqual({ train, held });
  });

  it('refuses a class with one clip, by name', () => {
    expect(() => splitClips(fakeDataset(5))).toThrow(/"class 2" has one clip only \(clip-2\)/);
  });
});

describe('inspectClips', () => {
  const { reader } = fakeReader({ bad: ['clip-1', 'clip-4'] });

  it('names every broken clip, or leaves them out', async () => {
    await expect(inspectClips(fakeDataset(6), { reader })).rejects.toThrow(
      /2 of 6 clips.*\n {2}clip-1: .*\n {2}clip-4: /,
    );
    const { dataset, bad } = await inspectClips(fakeDataset(6), { reader, onBadClip: 'skip' });
    expect(dataset.clips.map(({ id }) => id)).toEqual(['clip-0', 'clip-2', 'clip-3', 'clip-5']);
    expect(bad.map(({ clip }) => clip)).toEqual(['clip-1', 'clip-4']);
  });

  it('refuses a data set of broken clips only', async () => {
    const all = fakeReader({ bad: ['clip-0', 'clip-1'] });
    await expect(inspectClips(fakeDataset(2), { reader: all.reader, onBadClip: 'skip' })).rejects.toThrow(
      /None of the 2/,
    );
  });
});
