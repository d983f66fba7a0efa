/** The blood cells that lie beside the repository: counts as their owner states them, and every image decoded. */
import { sharedPath } from '@dr2net/testing';
import { describe, expect, it } from 'vitest';
import { type DetectionDataset, readDetections, readImage } from '../src/node.ts';

const cells = sharedPath('data/bccd');

const counts = ({ classes, images }: DetectionDataset) =>
  Object.fromEntries(
    classes.map((name, label) => [
      name,
      images.flatMap(({ boxes }) => boxes).filter((box) => box.label === label).length,
    ]),
  );

describe.skipIf(!cells)('BCCD', () => {
  it('has its splits and classes; two boxes without area are dropped and named', async () => {
    const [train, val] = await Promise.all(['train', 'val'].map((split) => readDetections(`${cells}`, { split })));
    if (!train || !val) throw new Error('not read');
    expect([train.images.length, val.images.length]).toEqual([205, 87]);
    for (const { classes } of [train, val]) expect(classes).toEqual(['Platelets', 'RBC', 'WBC']);
    // Boxes in the files of both splits, less the two.
    const sum = (name: string) => (counts(train)[name] as number) + (counts(val)[name] as number);
    expect(['Platelets', 'RBC', 'WBC'].map(sum)).toEqual([292, 3350 - 2, 301]);
    const dropped = [...train.dropped, ...val.dropped].map(({ annotation, reason }) => `${annotation} ${reason}`);
    expect(dropped.sort()).toEqual([
      'BCCD/Annotations/BloodImage_00338.xml: object 13 (RBC) no area',
      'BCCD/Annotations/BloodImage_00343.xml: object 4 (RBC) no area',
    ]);
    expect([...train.notes, ...val.notes].join(' ')).toMatch(/no area and w.* dropped: .*BloodImage_00338/);
  });

  it('has images of the annotated size', async () => {
    const { images } = await readDetections(`${cells}`, { split: 'val' });
    for (const image of images) {
      const { width, height, pixels, conversions } = await readImage(image);
      expect([width, height, pixels.length, conversions]).toEqual([640, 480, 640 * 480 * 3, []]);
    }
  });
});
