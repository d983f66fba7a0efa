/** Reading of training and validation clips: the files are not opened, so empty ones will do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvaluationData, readTrainingData } from './read.ts';

let base = '';
const defaults = { seed: 1 };
const file = (path: string, text = '') => {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), text);
};
const ids = (clips: readonly { id: string }[] | undefined) => clips?.map(({ id }) => id);

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'dr2net-data-'));
  for (const name of ['a', 'b']) for (const n of [1, 2]) file(`flat/${name}/${n}.mp4`);
  for (const split of ['train', 'val']) for (const name of ['a', 'b']) file(`split/${split}/${name}/1.mp4`);
  for (const split of ['one', 'two']) for (const name of ['a', 'b']) file(`folds/${split}/${name}/1.mp4`);
  file(
    'table.csv',
    'file,class,split\n1.avi,hug,train\n2.avi,kick,train\n3.avi,rest,train\n4.avi,kick,val\n5.avi,hug,val\n6.avi,rest,val\n',
  );
  file('odd.csv', 'file,label\n9.avi,hugg\n');
  file('single/a/1.mp4');
  file('single/b/1.mp4');
  file('single/b/2.mp4');
});
afterAll(() => rmSync(base, { recursive: true }));

describe('training data', () => {
  it('takes the splits that the data have', async () => {
    const { train, validation } = await readTrainingData({ ...defaults, data: join(base, 'split') });
    expect(ids(train.clips)).toEqual(['train/a/1.mp4', 'train/b/1.mp4']);
    expect(ids(validation?.clips)).toEqual(['val/a/1.mp4', 'val/b/1.mp4']);
  });

  it('keeps the chosen classes in the chosen order, on both sides', async () => {
    const { train, validation } = await readTrainingData({
      ...defaults,
      data: join(base, 'table.csv'),
      classes: ['kick', 'hug'],
      splitColumn: 'split',
    });
    expect(train.labels).toEqual(['kick', 'hug']);
    expect(train.clips.map(({ label }) => label)).toEqual([1, 0]);
    expect(validation?.labels).toEqual(['kick', 'hug']);
    expect(validation?.clips.map(({ id, label }) => [id, label])).toEqual([
      ['4.avi', 0],
      ['5.avi', 1],
    ]);
  });

  it('holds out a share of each class where there are no splits, or none', async () => {
    const held = await readTrainingData({ ...defaults, data: join(base, 'flat'), valShare: 0.5 });
    expect([held.train.clips.length, held.validation?.clips.length]).toEqual([2, 2]);
    const all = await readTrainingData({ ...defaults, data: join(base, 'flat'), valShare: 0 });
    expect(all.train.clips).toHaveLength(4);
    expect(all.validation).toBeUndefined();
    const half = await readTrainingData({ ...defaults, data: join(base, 'split'), valShare: 0 });
    expect(half.train.clips.length).toBeGreaterThan(0);
    expect(half.validation).toBeUndefined();
    const named = await readTrainingData({ ...defaults, data: join(base, 'split'), valSplit: 'val', valShare: 0 });
    expect(named.validation?.clips.length).toBeGreaterThan(0);
  });

  it.each([
    ['an unknown class', { data: 'flat', classes: ['a', 'bb'] }, /no class "bb". Did you mean "b"\?/],
    ['one class alone', { data: 'flat', classes: ['a'] }, /one class, "a".*two classes or more/],
    ['an unknown split', { data: 'split', trainSplit: 'trian' }, /--train-split trian: .*train, val/],
    ['splits without a usual name', { data: 'folds' }, /splits one, two; say by --train-split/],
    ['a share of data that have a split', { data: 'split', valShare: 0.3 }, /--val-share 0.3: .*splits train and val/],
    ['a share beside --val', { data: 'flat', val: 'flat', valShare: 0.3 }, /--val-share 0.3: .*--val .*flat/],
    ['a class with one clip', { data: 'single' }, /"a" has one clip only/],
    ['a validation label that is not trained on', { data: 'table.csv', val: 'odd.csv' }, /"hugg" .*Did you mean "hug"/],
    ['data that are not there', { data: 'nowhere' }, /no file or folder .*nowhere/],
  ])('refuses %s', async (_, { data, ...options }, message) => {
    const paths = 'val' in options ? { ...options, val: join(base, options.val) } : options;
    await expect(readTrainingData({ ...defaults, data: join(base, data), ...paths })).rejects.toThrow(message);
  });
});

it('evaluation data get the labels of the model', async () => {
  const data = join(base, 'table.csv');
  const { clips } = await readEvaluationData({ data, classes: ['hug', 'kick'] }, ['hug', 'kick', 'push']);
  expect(clips.map(({ id, label }) => [id, label])).toEqual([
    ['4.avi', 1],
    ['5.avi', 0],
  ]);
  await expect(readEvaluationData({ data, split: 'train' }, ['hug', 'kick'])).rejects.toThrow(
    /class "rest" \(3\.avi\)/,
  );
});
