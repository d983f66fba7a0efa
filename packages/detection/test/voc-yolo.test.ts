/** Pascal VOC and YOLO text: what is read, and what is refused. */
import { describe, expect, it } from 'vitest';
import { readDetections as chooseDetections } from '../src/browser.ts';
import { type DetectionReadOptions, readDetections, splitDetections, unlabelledImages } from '../src/node.ts';
import { chosen, jpeg, png, temporaryFolder, writeFiles } from './pictures.ts';

const root = temporaryFolder();
const a = await jpeg(40, 30);
const onItsSide = await jpeg(30, 40, 6);
const b = await png(20, 50);

type Corners = readonly (number | string)[];
const object = (name: string, [xmin, ymin, xmax, ymax]: Corners, more = '') =>
  `<object><name>${name}</name><part><name>head</name><bndbox><xmin>9</xmin></bndbox></part>${more}<bndbox><ymin>${ymin}</ymin><xmax>${xmax}</xmax>
   <xmin>${xmin}</xmin><ymax>${ymax}</ymax></bndbox></object>`;
const voc = (size: string, ...objects: string[]) =>
  `<?xml version="1.0"?>\n<annotation><filename>other.jpg</filename>${size}${objects.join('\n')}</annotation>`;
const sizeOf = (width: number, height: number) =>
  `<size><width>${width}</width><height>${height}</height><depth>3</depth></size>`;

const vocFiles = (first: string) => ({
  'VOC/Annotations/a.xml': first,
  'VOC/Annotations/b.xml': voc(
    sizeOf(0, 0),
    object('dog', [2, 2, 4, 9], '<difficult>1</difficult><truncated>1</truncated>'),
  ),
  'VOC/Annotations/c.xml': voc(sizeOf(40, 30), object('ant', [1, 1, 5, 5])),
  'VOC/JPEGImages/a.jpg': a,
  'VOC/JPEGImages/b.png': b,
  'VOC/JPEGImages/c.jpg': a,
  'VOC/SegmentationClass/a.png': b,
  'VOC/ImageSets/Main/train.txt': 'a\nb  1\nc -1\n',
  'VOC/ImageSets/Main/val.txt': 'c\r\n',
});
const good = voc(sizeOf(40, 30), object('cat &amp; dog', [1, 1, 40, 30]), object('dog', ['3.5', 2, 4, 9]));
const readVoc = (first: string, options: DetectionReadOptions = { split: 'train' }) =>
  readDetections(writeFiles(root, vocFiles(first)), options);

describe('Pascal VOC', () => {
  it('has pixels from 1, both corners in; classes of all splits', async () => {
    const dataset = await readVoc(good);
    expect(dataset.classes).toEqual(['ant', 'cat & dog', 'dog']);
    expect(dataset.categoryIds).toEqual([1, 2, 3]);
    expect(dataset.images).toMatchObject([
      {
        id: 'VOC/JPEGImages/a.jpg',
        imageId: 1,
        width: 40,
        height: 30,
        boxes: [
          { x: 0, y: 0, width: 40, height: 30, label: 1, crowd: false, id: 1 },
          { x: 2.5, y: 1, width: 1.5, height: 8, label: 2, crowd: false, id: 2 },
        ],
      },
      { id: 'VOC/JPEGImages/b.png', width: 20, height: 50, boxes: [{ id: 3, difficult: true, truncated: true }] },
    ]);
    expect((await readVoc(good, { split: 'val' })).images.map(({ id }) => id)).toEqual(['VOC/JPEGImages/c.jpg']);
    expect((await readVoc(good, {})).images.length).toBe(3);
  });

  it('has images beside the XML, too', async () => {
    const folder = writeFiles(root, { 'train/a.xml': good, 'train/a.jpg': a, 'valid/a.jpg': b });
    expect((await readDetections(folder)).images[0]?.id).toBe('train/a.jpg');
  });

  it('drops boxes without area, and refuses what cannot be meant', async () => {
    const dataset = await readVoc(voc(sizeOf(40, 30), object('dog', [5, 5, 5, 5]), object('dog', [1, 1, 3, 3])));
    expect(dataset.notes).toEqual(['1 box has no area and was dropped: VOC/Annotations/a.xml: object 1 (dog).']);
    for (const [objects, message] of [
      [object('dog', [9, 5, 4, 8]), /a.xml: object 1 \(dog\): the box is reversed: its width is -5, its height 4/],
      [object('dog', ['nan', 5, 4, 8]), /a.xml: object 1 \(dog\): the box \[NaN, 4, NaN, 4\] is not finite/],
      ['<object><name>dog</name></object>', /a.xml: object 1 \(dog\): it has no <bndbox>/],
      ['<object><bndbox/></object>', /a.xml: object 1: it has no <name>/],
      ['<object><name>dog</name><bndbox><xmin>1</xmin></bndbox></object>', /its box has no <ymin>/],
    ] as const)
      await expect(readVoc(voc(sizeOf(40, 30), objects))).rejects.toThrow(message);
    await expect(readVoc(good, { split: 'train', classes: ['dogs', 'cat & dog', 'ant'] })).rejects.toThrow(
      /a.xml: object 2 \(dog\): "dog" is no class; did you mean "dogs"\?/,
    );
  });

  it('refuses files that are not whole, lists and images that are not there', async () => {
    await expect(readVoc(good.slice(0, -20))).rejects.toThrow(
      /a.xml: it is no whole XML \(.+\). Correct or remove the file/,
    );
    await expect(readVoc('<html></html>')).rejects.toThrow(/a.xml: its root is <html>; Pascal VOC has <annotation>/);
    await expect(readVoc(good, { split: 'tset' })).rejects.toThrow(
      /no list ImageSets\/Main\/tset.txt; there are train, val/,
    );
    const lines = { ...vocFiles(good), 'VOC/ImageSets/Main/train.txt': 'a\nz\n' };
    await expect(readDetections(writeFiles(root, lines), { split: 'train' })).rejects.toThrow(
      /The split "train" names z, which has no annotation z.xml/,
    );
    const twice = { ...vocFiles(good), 'VOC/ImageSets/Main/train.txt': 'a\na\n' };
    await expect(readDetections(writeFiles(root, twice), { split: 'train' })).rejects.toThrow(/names a twice/);
    const { 'VOC/JPEGImages/b.png': _, ...without } = vocFiles(good);
    await expect(readDetections(writeFiles(root, without), { split: 'train' })).rejects.toThrow(
      /annotated but not there: b. Copy/,
    );
  });
});

const yolo = (more: Record<string, string | Uint8Array> = {}) =>
  writeFiles(root, {
    'data.yaml': 'path: ../datasets/pets\ntrain: ../train/images\nval: valid/images\nnames:\n  0: cat\n  1: dog\n',
    'train/images/a.jpg': a,
    'train/labels/a.txt': '1 0.5 0.5 0.5 0.2\n\n0 0.25 0.5 0.5 1\n',
    'train/images/side.jpg': onItsSide,
    'train/labels/side.txt': '1 0.1 0.2 0.3 0.2 0.3 0.8 0.1 0.8\n',
    'valid/images/b.png': b,
    'valid/images/none.jpg': a,
    'valid/labels/b.txt': '0 0.95 0.5 0.2 0.2\n0 0.5 0.5 0 0.2\n',
    ...more,
  });

describe('YOLO text', () => {
  it('has shares of the upright image, polygons, images without objects, splits of data.yaml', async () => {
    const folder = yolo();
    const train = await readDetections(folder, { split: 'train' });
    expect(train.classes).toEqual(['cat', 'dog']);
    expect(train.notes).toEqual([]);
    const boxes = train.images.map(({ id, width, height, boxes: own }) => ({ id, width, height, own }));
    expect(boxes).toMatchObject([
      {
        id: 'train/images/a.jpg',
        width: 40,
        height: 30,
        own: [
          { x: 10, y: 12, width: 20, height: 6, label: 1, id: 1 },
          { x: 0, y: 0, width: 20, height: 30, label: 0, id: 2 },
        ],
      },
      {
        id: 'train/images/side.jpg',
        width: 40,
        height: 30,
        own: [{ x: 4, y: 6, width: 8, height: 18, label: 1, id: 3 }],
      },
    ]);
    const points = train.images[1]?.boxes[0]?.segmentation as readonly (readonly number[])[];
    expect(points[0]?.map((value) => Math.round(value))).toEqual([4, 6, 12, 6, 12, 24, 4, 24]);
    const val = await readDetections(folder, { split: 'val' });
    expect(val.images.map(({ boxes: own }) => own.length)).toEqual([1, 0]);
    const clipped = val.images[0]?.boxes[0];
    expect([clipped?.x, clipped?.width].map((value) => value?.toFixed(6))).toEqual(['17.000000', '3.000000']);
    expect(val.notes).toEqual([
      '1 box has no area and was dropped: valid/labels/b.txt: line 2 (image valid/images/b.png).',
      '1 box sticks out of its image and was clipped: valid/labels/b.txt: line 1 (image valid/images/b.png).',
      '1 image has no file of labels and counts as empty.',
    ]);
    expect((await readDetections(folder)).images.length).toBe(4);
    expect((await readDetections(folder, { split: 'valid' })).images.length).toBe(2);
  });

  it('has classes.txt, labels beside images, and lists of images', async () => {
    const folder = writeFiles(root, {
      'classes.txt': 'cat\ndog\n',
      'a.jpg': a,
      'a.txt': '1 0.5 0.5 0.5 0.2',
    });
    expect((await readDetections(folder)).images[0]?.boxes[0]?.label).toBe(1);
    const listed = yolo({
      'data.yaml': 'train: lists/some.txt\nnames: [cat, dog]\n',
      'lists/some.txt': './train/images/a.jpg\n',
    });
    expect((await readDetections(listed, { split: 'train' })).images.map(({ id }) => id)).toEqual([
      'train/images/a.jpg',
    ]);
    const page = await chooseDetections([
      chosen('set/images/a.jpg', a),
      chosen('set/labels/a.txt', '0 0.5 0.5 0.5 0.2'),
      chosen('set/classes.txt', 'cat'),
    ]);
    expect(page.images[0]?.boxes[0]).toMatchObject({ x: 10, y: 12, width: 20, height: 6 });
  });

  it.each<[string, RegExp]>([
    [
      '5 0.5 0.5 0.5 0.2',
      /train\/labels\/a.txt: line 1 \(image train\/images\/a.jpg\): its class is 5; there are 0 … 1 \(cat, dog\)/,
    ],
    ['cat 0.5 0.5 0.5 0.2', /line 1 .*: its class is cat; there are 0 … 1/],
    ['1 0.5 0.5 0.5', /line 1 .*: it has 4 numbers; a box has 5 \(class cx cy w h\)/],
    ['1 0.5 nan 0.5 0.1', /line 1 .*: the box \[10, NaN, 20, NaN\] is not finite|line 1 .*is not finite/],
    ['1 0.5 0.5 -0.5 0.1', /line 1 .*: the box is reversed: its width is -20/],
    [
      '1 320 240 50 60',
      /line 1 .*: it has the numbers 320, 240, 50, 60, which are no shares of the image. Divide pixels/,
    ],
  ])('refuses the line %s', async (line, message) => {
    await expect(readDetections(yolo({ 'train/labels/a.txt': `${line}\n` }), { split: 'train' })).rejects.toThrow(
      message,
    );
  });

  it('refuses data sets that do not say what their numbers mean, and broken images', async () => {
    const nameless = writeFiles(root, { 'images/a.jpg': a, 'labels/a.txt': '0 0.5 0.5 0.5 0.2' });
    await expect(readDetections(nameless)).rejects.toThrow(/neither data.yaml nor classes.txt.*classes: \[…\]/);
    expect((await readDetections(nameless, { classes: ['thing'] })).classes).toEqual(['thing']);
    const gap = yolo({ 'data.yaml': 'names:\n  0: cat\n  2: dog\n' });
    await expect(readDetections(gap)).rejects.toThrow(/data.yaml: names: there is no name for class 1/);
    await expect(readDetections(yolo({ 'data.yaml': 'train: [\n' }))).rejects.toThrow(/data.yaml: it is no YAML/);
    await expect(readDetections(yolo(), { split: 'test' })).rejects.toThrow(/no images of the split "test"/);
    await expect(readDetections(yolo({ 'train/images/a.jpg': a.subarray(0, 90) }))).rejects.toThrow(
      /train\/images\/a.jpg: it ends within its header/,
    );
  });
});

describe('data sets', () => {
  it('of no known format, of two, or not there are refused', async () => {
    await expect(readDetections(writeFiles(root, { 'a.jpg': a }))).rejects.toThrow(/has no annotations. Expected COCO/);
    const both = writeFiles(root, { ...vocFiles(good), 'classes.txt': 'cat' });
    await expect(readDetections(both)).rejects.toThrow(/looks like voc and yolo; say which it is \(format\)/);
    expect((await readDetections(both, { format: 'voc' })).images.length).toBe(3);
    await expect(readDetections(`${root}/nothing`)).rejects.toThrow(/no file or folder of that name/);
  });

  it('without boxes are for prediction', () => {
    const files = [chosen('x/a.jpg', a), chosen('x/readme.md', 'text')];
    expect(unlabelledImages(files, ['cat']).images).toMatchObject([{ id: 'x/a.jpg', imageId: 1, boxes: [] }]);
    expect(() => unlabelledImages(files.slice(1), ['cat'])).toThrow(/None of the 1 files is an image/);
  });

  it('are parted so that rare classes are in both parts, the same for the same seed', () => {
    const dataset = {
      classes: ['common', 'rare'],
      categoryIds: [1, 2],
      dropped: [],
      notes: [],
      images: Array.from({ length: 20 }, (_, i) => ({
        id: `${i}.jpg`,
        imageId: i + 1,
        file: `${i}.jpg`,
        boxes: [0, ...(i < 3 ? [1] : [])].map((label, k) => ({
          x: 0,
          y: 0,
          width: 1,
          height: 1,
          label,
          crowd: false,
          id: 2 * i + k,
        })),
      })),
    };
    for (let seed = 0; seed < 20; seed++) {
      const { train, held } = splitDetections(dataset, { share: 0.2, seed });
      expect([train.images.length, held.images.length]).toEqual([16, 4]);
      expect(new Set([...train.images, ...held.images].map(({ id }) => id)).size).toBe(20);
      for (const part of [train, held])
        expect(part.images.some(({ boxes }) => boxes.some(({ label }) => label === 1))).toBe(true);
      expect(splitDetections(dataset, { share: 0.2, seed })).toEqual({ train, held });
    }
    expect(splitDetections(dataset, { seed: 1 }).held).not.toEqual(splitDetections(dataset, { seed: 2 }).held);
    expect(() => splitDetections({ ...dataset, images: dataset.images.slice(0, 1) })).toThrow(/add images/);
  });
});
