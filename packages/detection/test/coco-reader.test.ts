/** COCO's JSON: what is read, what is mended and counted, what is refused and by which words. */
import { describe, expect, it } from 'vitest';
import { readDetections as chooseDetections } from '../src/browser.ts';
import { cocoTruths, type DetectionReadOptions, evaluateCoco, readDetections } from '../src/node.ts';
import { chosen, jpeg, png, temporaryFolder, writeFiles } from './pictures.ts';

const root = temporaryFolder();
const a = await jpeg(40, 30);
const b = await png(20, 50);

const images = [
  { id: 7, file_name: 'a.jpg', width: 40, height: 30 },
  { id: 3, file_name: 'b.png', width: 20, height: 50 },
];
const categories = [
  { id: 9, name: 'cat' },
  { id: 2, name: 'dog', supercategory: 'animal' },
];
const box = (id: number, image_id: number, category_id: number, bbox: unknown, more: object = {}) => ({
  id,
  image_id,
  category_id,
  bbox,
  area: 12,
  iscrowd: 0,
  ...more,
});
const fine = [box(1, 7, 9, [1, 2, 10, 20]), box(2, 3, 2, [0.5, 0, 3.25, 4], { iscrowd: 1 })];

/** A data set of one JSON beside two images. */
const folderOf = (json: unknown) =>
  writeFiles(root, { 'labels.json': typeof json === 'string' ? json : JSON.stringify(json), 'a.jpg': a, 'b.png': b });
const read = (json: unknown, options?: DetectionReadOptions) => readDetections(folderOf(json), options);
const withBoxes = (...annotations: unknown[]) => ({ images, categories, annotations });

describe('what is read', () => {
  it('classes by category id, images in the order of the file, boxes with their fields', async () => {
    const polygon = [[1, 1, 5, 1, 5, 5]];
    const runs = { size: [50, 20], counts: [10, 5, 985] };
    const dataset = await read(
      withBoxes(
        ...fine,
        box(5, 7, 2, [1, 1, 4, 4], { segmentation: polygon }),
        box(6, 3, 2, [0, 0, 5, 5], { segmentation: runs }),
      ),
    );
    expect(dataset.classes).toEqual(['dog', 'cat']);
    expect(dataset.categoryIds).toEqual([2, 9]);
    expect(dataset.notes).toEqual([]);
    expect(dataset.images.map(({ id, imageId, width, height }) => [id, imageId, width, height])).toEqual([
      ['a.jpg', 7, 40, 30],
      ['b.png', 3, 20, 50],
    ]);
    expect(dataset.images.map(({ boxes }) => boxes)).toEqual([
      [
        { x: 1, y: 2, width: 10, height: 20, label: 1, crowd: false, id: 1, area: 12 },
        { x: 1, y: 1, width: 4, height: 4, label: 0, crowd: false, id: 5, area: 12, segmentation: polygon },
      ],
      [
        { x: 0.5, y: 0, width: 3.25, height: 4, label: 0, crowd: true, id: 2, area: 12 },
        { x: 0, y: 0, width: 5, height: 5, label: 0, crowd: false, id: 6, area: 12, segmentation: runs },
      ],
    ]);
    const truths = cocoTruths(dataset);
    expect(truths.annotations[2]).toEqual({
      id: 2,
      image_id: 3,
      category_id: 2,
      bbox: [0.5, 0, 3.25, 4],
      iscrowd: true,
      area: 12,
    });
    expect(truths.categories).toEqual([
      { id: 2, name: 'dog' },
      { id: 9, name: 'cat' },
    ]);
    expect(truths.images[0]).toEqual({ id: 7, width: 40, height: 30 });
    // Who finds everything is right, and a crowd is no miss.
    const found = dataset.images.flatMap(({ imageId, boxes }) =>
      boxes
        .filter(({ crowd }) => !crowd)
        .map(({ label, x, y, width, height }) => ({
          image_id: imageId,
          category_id: dataset.categoryIds[label] as number,
          score: 0.5,
          bbox: [x, y, width, height] as const,
        })),
    );
    expect(evaluateCoco(truths, found).stats.AP).toBeCloseTo(1, 6);
    expect(evaluateCoco(truths, found.slice(1)).stats.AP).toBeLessThan(0.9);
  });

  it('sizes that the file does not say, from the images', async () => {
    const unsaid = [
      { id: 7, file_name: 'a.jpg' },
      { id: 3, file_name: 'b.png', width: 0, height: 0 },
    ];
    const dataset = await read({ images: unsaid, categories, annotations: fine });
    expect(dataset.images.map(({ width, height }) => [width, height])).toEqual([
      [40, 30],
      [20, 50],
    ]);
  });

  it('images without boxes', async () => {
    const dataset = await read(withBoxes(fine[0]));
    expect(dataset.images.map(({ boxes }) => boxes.length)).toEqual([1, 0]);
  });

  it('the classes that are asked for, in that order', async () => {
    const asked = await read(withBoxes(...fine), { classes: ['cat', 'cow', 'dog'] });
    expect([asked.classes, asked.categoryIds]).toEqual([
      ['cat', 'cow', 'dog'],
      [9, 10, 2],
    ]);
    expect(asked.images.map(({ boxes }) => boxes[0]?.label)).toEqual([0, 2]);
    const less = await read(withBoxes(...fine), { exclude: ['dog'] });
    expect([less.classes, less.notes]).toEqual([['cat'], ['Boxes of classes that are left out: dog 1.']]);
    expect(less.images.map(({ boxes }) => boxes.length)).toEqual([1, 0]);
  });
});

describe('where images and splits are found', () => {
  const json = (name: string, id: number) =>
    JSON.stringify({
      images: [{ id, file_name: name, width: 40, height: 30 }],
      categories,
      annotations: [box(1, id, 9, [1, 1, 2, 2])],
    });

  it('in folders named as the split, beside the JSON, under paths of another machine', async () => {
    const folder = writeFiles(root, {
      'annotations/instances_train2017.json': json('0.jpg', 1),
      'annotations/instances_val2017.json': json('0.jpg', 2),
      'annotations/captions_val2017.json': '{}',
      'train2017/0.jpg': a,
      'val2017/0.jpg': a,
    });
    expect((await readDetections(folder, { split: 'train' })).images[0]).toMatchObject({
      id: 'train2017/0.jpg',
      imageId: 1,
    });
    expect((await readDetections(folder, { split: 'val' })).images[0]).toMatchObject({
      id: 'val2017/0.jpg',
      imageId: 2,
    });
    expect((await readDetections(`${folder}/annotations/instances_val2017.json`)).images[0]?.id).toBe('val2017/0.jpg');
    await expect(readDetections(folder)).rejects.toThrow(
      /several files that may be meant: .*instances_train2017.*Give the path of one, or a split/,
    );
    await expect(readDetections(folder, { split: 'test' })).rejects.toThrow(
      /no annotations of the split "test"; there are /,
    );
    await expect(readDetections(`${folder}/annotations/instances_val2017.json`, { split: 'val' })).rejects.toThrow(
      /there is no split "val" to choose/,
    );
    const beside = writeFiles(root, {
      'train/_annotations.coco.json': json('C:\\work\\0.jpg', 1),
      'train/0.jpg': a,
      'valid/_annotations.coco.json': json('0.jpg', 1),
      'valid/0.jpg': a,
    });
    expect((await readDetections(beside, { split: 'train' })).images[0]?.id).toBe('train/0.jpg');
    expect((await readDetections(beside, { split: 'valid' })).images[0]?.id).toBe('valid/0.jpg');
    const twice = writeFiles(root, { 'x.json': json('0.jpg', 1), 'p/0.jpg': a, 'q/0.jpg': a });
    await expect(readDetections(twice)).rejects.toThrow(/"0.jpg" may be p\/0.jpg, q\/0.jpg. Keep only one/);
  });

  it('in the files that were chosen in a page', async () => {
    const files = [chosen('set/x.json', json('0.jpg', 1)), chosen('set/images/0.jpg', a)];
    const dataset = await chooseDetections(files);
    expect(dataset.images[0]).toMatchObject({ id: 'set/images/0.jpg', file: files[1]?.file });
  });

  it('or are missing', async () => {
    const more = [...images, { id: 8, file_name: 'c.jpg', width: 5, height: 5 }];
    const json8 = { images: more, categories, annotations: [...fine, box(3, 8, 2, [0, 0, 1, 1])] };
    await expect(read(json8)).rejects.toThrow(
      /1 image of .* is annotated but not there: c.jpg. Copy them .* or leave them out \(onMissingImage: 'skip'\)/,
    );
    const dataset = await read(json8, { onMissingImage: 'skip' });
    expect(dataset.images.length).toBe(2);
    expect(dataset.notes).toEqual([
      expect.stringMatching(/^1 image of .* annotated but not there and left out: c.jpg.$/),
    ]);
  });
});

describe('boxes', () => {
  it('without area or outside are dropped, counted and named; those that stick out are clipped', async () => {
    const dataset = await read(
      withBoxes(
        ...fine,
        box(10, 7, 9, [5, 5, 0, 4]),
        box(11, 3, 9, [5, 5, 0, 0]),
        box(12, 7, 9, [41, 0, 5, 5]),
        box(13, 7, 9, [-3, 25, 10, 10]),
        box(14, 7, 9, [30, 0, 10.0001, 5]),
      ),
    );
    expect(dataset.notes).toEqual([
      '2 boxes have no area and were dropped: labels.json: annotations[2].bbox (image a.jpg, annotation 10), labels.json: annotations[3].bbox (image b.png, annotation 11).',
      '1 box is outside of its image and was dropped: labels.json: annotations[4].bbox (image a.jpg, annotation 12).',
      '1 box sticks out of its image and was clipped: labels.json: annotations[5].bbox (image a.jpg, annotation 13).',
    ]);
    expect(dataset.dropped.map(({ image, reason }) => [image, reason])).toEqual([
      ['a.jpg', 'no area'],
      ['b.png', 'no area'],
      ['a.jpg', 'outside'],
    ]);
    expect(dataset.images[0]?.boxes.slice(1)).toMatchObject([
      { x: 0, y: 25, width: 7, height: 5 },
      { x: 30, y: 0, width: 10, height: 5 },
    ]);
  });

  it.each([
    [
      'reversed',
      [5, 5, -2, 4],
      /annotations\[2\].bbox \(image a.jpg, annotation 10\): the box is reversed: its width is -2, its height 4/,
    ],
    [
      'with null',
      [5, null, 2, 4],
      /annotations\[2\].bbox\[1\] \(image a.jpg, annotation 10\): it is null; it must be a number/,
    ],
  ])('%s are refused, or skipped when asked to', async (_, bbox, message) => {
    const json = withBoxes(...fine, box(10, 7, 9, bbox));
    await expect(read(json)).rejects.toThrow(message);
    const dataset = await read(json, { onBadBox: 'skip' });
    expect(dataset.dropped).toMatchObject([{ image: 'a.jpg', reason: 'unusable' }]);
    expect(dataset.notes[0]).toMatch(
      /^1 box cannot be meant as it is and was dropped: labels.json: annotations\[2\].bbox/,
    );
    expect(dataset.images[0]?.boxes.length).toBe(1);
  });

  it('of unknown categories are refused, or skipped', async () => {
    const json = withBoxes(...fine, box(10, 7, 4, [1, 1, 2, 2]));
    await expect(read(json)).rejects.toThrow(
      /annotations\[2\].category_id \(image a.jpg, annotation 10\): it is 4, which is no id of a category/,
    );
    expect((await read(json, { onBadBox: 'skip' })).dropped.length).toBe(1);
    await expect(read(withBoxes(...fine), { classes: ['cats', 'dog'] })).rejects.toThrow(
      /annotations\[0\] \(image a.jpg, annotation 1\): "cat" is no class; did you mean "cats"\?/,
    );
    await expect(read(withBoxes(...fine), { exclude: ['dogs'] })).rejects.toThrow(
      /exclude names "dogs", which is no class of labels.json; did you mean "dog"\?/,
    );
  });

  it('that are none at all are refused, with what was dropped', async () => {
    await expect(read(withBoxes())).rejects.toThrow(/None of the 2 images of .* has a box/);
    await expect(read(withBoxes(box(1, 7, 9, [0, 0, 0, 0])))).rejects.toThrow(/has a box.*1 box has no area/);
  });
});

describe('JSON that is not COCO is refused by its first wrong field', () => {
  const one = (change: object) => withBoxes(fine[0], { ...fine[1], ...change });
  it.each<[unknown, RegExp]>([
    ['{"images": [', /labels.json: it is no JSON \(.*Is the file whole/],
    ['{"images": [NaN]}', /holds NaN or Infinity, which JSON has not/],
    [[{ image_id: 1, score: 0.5 }], /labels.json: it is a list of results; give the annotations/],
    [[], /labels.json: it is an array of 0; it must be an object with images, annotations and categories/],
    [{ version: '5', shapes: [] }, /labels.json: categories: it is missing; it must be an array/],
    [{ categories, annotations: fine }, /labels.json: images: it is missing/],
    [{ images, categories }, /labels.json: annotations: it is missing/],
    [{ images: {}, categories, annotations: fine }, /labels.json: images: it is an object with no fields; it must be/],
    [{ images: ['a.jpg'], categories, annotations: fine }, /images\[0\]: it is "a.jpg"; it must be an object/],
    [
      { images: [{ id: '7', file_name: 'a.jpg' }], categories, annotations: fine },
      /images\[0\].id: it is "7"; it must be a whole number/,
    ],
    [{ images: [{ id: 7 }], categories, annotations: fine }, /images\[0\].file_name: it is missing; it must be a text/],
    [
      { images: [images[0], images[0]], categories, annotations: fine },
      /images\[1\].id: it is 7, as labels.json: images\[0\].id is. Make the ids unique/,
    ],
    [
      { images: [images[0], { ...images[0], id: 8 }], categories, annotations: fine },
      /images\[1\]: its file is a.jpg, as that of labels.json: images\[0\] is/,
    ],
    [
      { images: [{ ...images[0], width: -1 }], categories, annotations: fine },
      /images\[0\].width: it is -1; it must be above 0/,
    ],
    [
      {
        images,
        categories: [
          { id: 1, name: 'x' },
          { id: 2, name: 'x' },
        ],
        annotations: fine,
      },
      /categories\[1\].name: it is "x", as .*categories\[0\].name is/,
    ],
    [{ images, categories: [{ id: 1 }], annotations: fine }, /categories\[0\].name: it is missing/],
    [one({ id: 1 }), /annotations\[1\].id: it is 1, as labels.json: annotations\[0\].id is/],
    [one({ id: undefined }), /annotations\[1\].id: it is missing/],
    [one({ image_id: 99 }), /annotations\[1\].image_id: it is 99, which is no id of an image \(annotation 2\)/],
    [one({ bbox: [1, 2, 3] }), /annotations\[1\].bbox \(image b.png, annotation 2\): it has 3 numbers/],
    [
      one({ bbox: { x: 1 } }),
      /annotations\[1\].bbox \(image b.png, annotation 2\): it is an object with x; it must be an array/,
    ],
    [one({ iscrowd: 'no' }), /annotations\[1\].iscrowd: it is "no"; it must be 0 or 1/],
    [one({ area: -4 }), /annotations\[1\].area .*: it is -4; it must be a number, 0 or more/],
    [one({ segmentation: [[1, 2, 'x']] }), /annotations\[1\].segmentation\[0\]\[2\]: it is "x"/],
    [one({ segmentation: { size: [50, 20] } }), /annotations\[1\].segmentation.counts: it is missing/],
  ])('%#', async (json, message) => {
    await expect(read(json)).rejects.toThrow(message);
  });
});
