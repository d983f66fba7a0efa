/** Data sets: layouts, classes, splits, weights. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readScenes as chooseScenes } from '../src/browser.ts';
import { labelsOfCodes } from '../src/dataset/classes.ts';
import { loadScene } from '../src/dataset/load.ts';
import { openSource } from '../src/node/source.ts';
import {
  classTable,
  classWeights,
  parseClasses,
  parseRegion,
  parseSplit,
  pointTargets,
  readScenes,
  regionsMeet,
  selectScenes,
} from '../src/node.ts';
import { file } from './files.ts';

const base = mkdtempSync(join(tmpdir(), 'dr2net-scenes-'));
afterAll(() => rmSync(base, { recursive: true }));

describe('lists beside clouds', () => {
  it('are no scenes: those of the usual names, and the one that is asked for', async () => {
    const path = folder({
      'valley.txt': '0 0 0 1\n1 0 0 2\n',
      'train_station.txt': '0 0 0 2\n1 0 1 1\n',
      'readme.txt': 'of two places',
      'PDAL-LICENSE.txt': 'All rights reserved',
      'fold1.txt': 'valley\n',
    });
    const dataset = await readScenes(path, { split: 'fold1' });
    expect(dataset.scenes.map(({ id }) => id)).toEqual(['valley.txt']);
    expect(dataset.classes.names).toEqual(['class 1', 'class 2']);
    rmSync(join(path, 'fold1.txt'));
    const all = await readScenes(path);
    expect(all.scenes.map(({ id }) => id)).toEqual(['train_station.txt', 'valley.txt']);
  });
});

let folders = 0;
function folder(files: Record<string, string>): string {
  const path = join(base, `${folders++}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

const rooms = {
  'Area_1/hall_1/Annotations/tree_1.txt': '0 0 0 9 9 9\n1 0 0 9 9 9\n',
  'Area_1/hall_1/Annotations/tree_10.txt': '2 0 0 9 9 9\n',
  'Area_1/hall_1/Annotations/tree_2.txt': '3 0 1 9 9 9\n',
  'Area_1/hall_1/Annotations/ground_1.txt': '4 0 0 9 9 9\n',
  'Area_1/hall_1/hall_1.txt': '0 0 0 9 9 9\n',
  'Area_2/hall_1/Annotations/tree_1.txt': '5 1 0 9 9 9\n6 0 0 9 9 9\n',
  'train.txt': '# the first area\nArea_1\n\nArea_2/hall_1 x<5.5 # the left half\n',
  'README.txt': 'notes',
};

describe('S3DIS layout', () => {
  it('joins the objects of a room, in the order of their numbers', async () => {
    const dataset = await readScenes(folder(rooms));
    expect(dataset.classes.names).toEqual(['ground', 'tree']);
    expect(dataset.scenes.map(({ id, area }) => [id, area])).toEqual([
      ['Area_1/hall_1', 'Area_1'],
      ['Area_2/hall_1', 'Area_2'],
    ]);
    const cloud = await loadScene(dataset.scenes[0]!, dataset, { open: openSource });
    expect([...cloud.positions].filter((_, i) => i % 3 === 0)).toEqual([4, 0, 1, 3, 2]);
    expect([...(cloud.labels ?? [])]).toEqual([0, 1, 1, 1, 1]);
  });

  it('takes a split’s areas, rooms, and parts of rooms', async () => {
    const dataset = await readScenes(folder(rooms), { split: 'train' });
    expect(dataset.scenes.map(({ id }) => id)).toEqual(['Area_1/hall_1', 'Area_2/hall_1 x<5.5']);
    const part = await loadScene(dataset.scenes[1]!, dataset, { open: openSource });
    expect([part.id, part.count, part.positions[0]]).toEqual(['Area_2/hall_1 x<5.5', 1, 5]);
    await expect(readScenes(folder(rooms), { split: 'val' })).rejects.toThrow(/no list .*val.txt.*one on each line/);
  });

  it('is the same of files that the user chose', async () => {
    const chosen = Object.entries(rooms).map(([path, content]) => ({ path, file: file(path, content) }));
    const dataset = await chooseScenes(chosen);
    const cloud = await loadScene(dataset.scenes[0]!, dataset, { open: openSource });
    expect(cloud.count).toBe(5);
    const disk = await readScenes(folder(rooms));
    expect(cloud).toEqual(await loadScene(disk.scenes[0]!, disk, { open: openSource }));
  });

  it('refuses names that differ between areas, with both lists; an area may lack some', async () => {
    const other = { ...rooms, 'Area_2/hall_1/Annotations/Tree_1.txt': '1 1 1 1 1 1\n' };
    const { 'Area_2/hall_1/Annotations/tree_1.txt': _, ...misspelt } = other;
    await expect(readScenes(folder(misspelt))).rejects.toThrow(
      /Class names differ between areas: Area_1 has ground, tree; Area_2 has Tree\..*Rename the files, or say which/,
    );
    const dataset = await readScenes(folder(misspelt), { classes: classTable(['tree', 'ground']) });
    await expect(loadScene(dataset.scenes[1]!, dataset, { open: openSource })).rejects.toThrow(
      /Tree_1.txt: "Tree" is no class; did you mean "tree"\?.*ignore it/,
    );
    const ignoring = await readScenes(folder(misspelt), {
      classes: classTable(['tree', 'ground'], { names: ['Tree'] }),
    });
    expect([...((await loadScene(ignoring.scenes[1]!, ignoring, { open: openSource })).labels ?? [])]).toEqual([255]);
  });

  it('names the object and its line', async () => {
    const broken = { ...rooms, 'Area_1/hall_1/Annotations/tree_2.txt': '3 0 1 9 9 9\n\n3 nan 1 9 9 9\n' };
    const dataset = await readScenes(folder(broken));
    await expect(loadScene(dataset.scenes[0]!, dataset, { open: openSource })).rejects.toThrow(
      /Area_1\/hall_1: .*tree_2.txt, line 3: y is NaN/,
    );
    const mixed = await readScenes(folder({ ...rooms, 'Area_1/hall_1/Annotations/tree_2.txt': '3 0 1\n' }));
    await expect(loadScene(mixed.scenes[0]!, mixed, { open: openSource })).rejects.toThrow(
      /tree_2.txt: its columns are x y z, but/,
    );
  });
});

describe('files with labels', () => {
  const plants = {
    'a/plant-1.txt': '0 0 0 1\n1 1 1 2\n',
    'a/plant-2.txt': '0 0 0 1\n1 1 1 7\n2 2 2 3\n',
    'train.txt': 'a/plant-1\n',
  };

  it('are a scene each; classes are the codes found, or those that are told', async () => {
    const path = folder(plants);
    const found = await readScenes(path);
    expect(found.scenes.map(({ id, area }) => [id, area])).toEqual([
      ['a/plant-1.txt', 'a'],
      ['a/plant-2.txt', 'a'],
    ]);
    expect(found.classes.names).toEqual(['class 1', 'class 2', 'class 3', 'class 7']);
    const told = await readScenes(path, { classes: parseClasses('stem=1, leaf=2-') });
    const labels = (await loadScene(told.scenes[1]!, told, { open: openSource })).labels;
    expect([...(labels ?? [])]).toEqual([0, 1, 1]);
    expect((await readScenes(path, { split: 'train' })).scenes.map(({ id }) => id)).toEqual(['a/plant-1.txt']);
    const one = await readScenes(join(path, 'a', 'plant-2.txt'), { classes: told.classes });
    expect(one.scenes.map(({ id }) => id)).toEqual(['plant-2.txt']);
  });

  it('without labels, and with labels that mean nothing, are refused', async () => {
    const bare = folder({ 'bare.txt': '0 0 0\n1 1 1\n' });
    await expect(readScenes(bare)).rejects.toThrow(/bare.txt has no column of labels/);
    const told = await readScenes(bare, { classes: classTable(['a', 'b']) });
    await expect(loadScene(told.scenes[0]!, told, { open: openSource })).rejects.toThrow(
      /bare.txt: it has no column of labels/,
    );
    const few = await readScenes(folder(plants), { classes: parseClasses('stem=1,leaf=2-3') });
    await expect(loadScene(few.scenes[1]!, few, { open: openSource })).rejects.toThrow(
      /plant-2.txt: point 1: label 7 means no class \(stem 1, leaf 2–3\). Add the code/,
    );
  });

  it('an empty folder and a missing one are refused', async () => {
    await expect(readScenes(folder({ 'notes.md': '' }))).rejects.toThrow(/has no clouds. Expected AREA\/ROOM/);
    await expect(readScenes(join(base, 'nowhere'))).rejects.toThrow(/nowhere: no file or folder/);
  });
});

describe('classes', () => {
  it('are not made of codes below 0, which stand for no label', async () => {
    const path = folder({ 'a.txt': '0 0 0 -1\n1 0 0 0\n0 1 0 1\n0 0 1 1\n' });
    await expect(readScenes(path)).rejects.toThrow(
      /hold the code -1, which may stand for no label.* --classes "class 0=0,class 1=1,ignored=-1"/,
    );
    const told = parseClasses('class 0=0,class 1=1,ignored=-1');
    expect(told.ignoredCodes).toEqual([-1]);
    expect(parseClasses('a=-3--1,b=0-').specs.map(({ codes }) => codes)).toEqual([[[-3, -1]], [[0, Infinity]]]);
    expect((await readScenes(path, { classes: told })).classes.names).toEqual(['class 0', 'class 1']);
  });

  it('are read from words', () => {
    const table = parseClasses('ground=2, plants=3-5+20,ignored=0-1+7');
    expect(table.names).toEqual(['ground', 'plants']);
    expect([...labelsOfCodes('c', Int32Array.of(2, 3, 5, 20, 0, 1, 7), table)]).toEqual([0, 1, 1, 1, 255, 255, 255]);
    expect(parseClasses('a,b').specs.map(({ codes }) => codes)).toEqual([[0], [1]]);
  });
  it.each([
    ['a=1,b=x', /Class "b=x" is not understood/],
    ['a=1,b=2--3', /Code "2--3" of class "b"/],
    ['a=1,b=1-4', /Code 1 means a and b/],
    ['a=1,a=2', /"a" occurs twice/],
    ['a=1', /1 classes \(a\); there must be 2/],
  ])('%s', (words, message) => expect(() => parseClasses(words)).toThrow(message));
});

describe('splits', () => {
  it('refuse what names nothing, or twice', async () => {
    const dataset = await readScenes(folder(rooms));
    expect(() => selectScenes(dataset, ['Area_3'])).toThrow(
      /"Area_3", which is no scene and no area; did you mean "Area_1"/,
    );
    expect(() => selectScenes(dataset, ['Area_1', 'Area_1/hall_1'])).toThrow(/Area_1\/hall_1 twice/);
    expect(() => selectScenes(dataset, [])).toThrow(/names no scene/);
    expect(() => selectScenes(dataset, ['Area_1 x<1e'])).toThrow(/Bound "x<1e" is not understood/);
    const far = selectScenes(dataset, ['Area_2 z>100 x<=3']);
    await expect(loadScene(far.scenes[0]!, far, { open: openSource })).rejects.toThrow(/no point keeps z>100 x<=3/);
  });
  it.each([
    ['x<5', 'x>=5', false],
    ['x<=5', 'x>=5', true],
    ['x<=5', 'x>5', false],
    ['x<5', 'x>4', true],
    ['x<5', 'y>5', true],
    ['x<5 y<2', 'x<3 y>=2', false],
    ['x>=0 x<5', 'x>=5 x<9', false],
  ])('%s and %s share points: %s', (a, b, shared) => {
    expect(regionsMeet(parseRegion(a), parseRegion(b))).toBe(shared);
    expect(regionsMeet(parseRegion(b), parseRegion(a))).toBe(shared);
    expect(regionsMeet(parseRegion(a), undefined)).toBe(true);
  });
  it('read lists and bounds', () => {
    expect(parseSplit('a b\r\n# remark\r\n\r\n c#1 x<1 # remark\r\n')).toEqual(['a b', 'c#1 x<1']);
    expect(parseRegion('x>=-1.5e1 z<2').bounds).toEqual([
      { axis: 0, operator: '>=', value: -15 },
      { axis: 2, operator: '<', value: 2 },
    ]);
  });
});

describe('weights and targets', () => {
  it('weigh by inverse shares and their roots, with mean 1 over the points', () => {
    const counts = [900, 100, 0];
    expect(classWeights(counts, 'none')).toEqual([1, 1, 0]);
    const inverse = classWeights(counts, 'inverse');
    expect(inverse[1]! / inverse[0]!).toBeCloseTo(9, 10);
    const root = classWeights(counts, 'sqrt');
    expect(root[1]! / root[0]!).toBeCloseTo(3, 10);
    for (const weights of [inverse, root]) {
      expect(weights[2]).toBe(0);
      expect(0.9 * weights[0]! + 0.1 * weights[1]!).toBeCloseTo(1, 10);
    }
    expect(() => classWeights([0, 0], 'sqrt')).toThrow(/0, 0 points/);
  });
  it('smooth labels, and weigh ignored points 0', () => {
    const { targets, weights } = pointTargets([1, 255, 0], 2, { smoothing: 0.2, weights: [3, 0.5] });
    for (const [i, value] of [0.1, 0.9, 0.5, 0.5, 0.9, 0.1].entries()) expect(targets[i]).toBeCloseTo(value, 6);
    expect([...weights]).toEqual([0.5, 0, 3]);
    expect([...pointTargets([0, 1], 2).targets]).toEqual([1, 0, 0, 1]);
    expect(() => pointTargets([0, 2], 2)).toThrow(/Point 1: label 2; classes are 0 … 1, ignored is 255/);
    expect(() => pointTargets([0], 2, { smoothing: 1 })).toThrow(/smoothing is 1/);
    expect(() => pointTargets([0], 2, { weights: [1] })).toThrow(/1 weights for 2 classes/);
  });
});
