/** COCO evaluation by hand: crowds, ties, limits; and files that are not COCO's, refused by image and annotation. */
import { describe, expect, it } from 'vitest';
import { BadAnnotationError, type CocoDetection, type CocoTruths, evaluateCoco } from '../src/node.ts';

const truths = {
  images: [{ id: 7, width: 100, height: 80 }, { id: 9 }],
  categories: [{ id: 3, name: 'cell' }],
  annotations: [
    { id: 0, image_id: 7, category_id: 3, bbox: [10, 10, 20, 20] as const },
    { id: 5, image_id: 9, category_id: 3, bbox: [0, 0, 40, 50] as const, area: 1500 },
  ],
};
const detection = { image_id: 7, category_id: 3, score: 0.9, bbox: [10, 10, 20, 20] as const };
const polygon = [[10, 10, 30, 10, 30, 30, 10, 30]] as const;

/** The evaluation of JSON as it may come. */
const evaluate = (file: unknown, found: unknown = [], kind: 'bbox' | 'segm' = 'bbox') =>
  evaluateCoco(file as CocoTruths, found as CocoDetection[], kind);

const withAnnotation = (changed: object) => ({
  ...truths,
  annotations: [truths.annotations[0], { ...truths.annotations[1], ...changed }],
});

describe('COCO evaluation by hand', () => {
  it('an annotation of id 0 is found', () => {
    const { stats, categories } = evaluate(truths, [detection]);
    expect(stats.AR100).toBe(0.5);
    expect(stats.AP).toBeCloseTo(51 / 101, 12);
    expect(categories[0]).toMatchObject({ id: 3, name: 'cell', truths: 2, detections: 1 });
  });
  it('the size class is that of the annotation, or of its box', () => {
    const { stats } = evaluate(truths, [detection]);
    expect([stats.ARSmall, stats.ARMedium, stats.ARLarge]).toEqual([1, 0, null]);
    const larger = evaluate(withAnnotation({ area: 96 ** 2 }), [detection]).stats;
    // Both ends belong to a class.
    expect([larger.ARMedium, larger.ARLarge]).toEqual([0, 0]);
  });
  it('detections in a crowd are neither right nor wrong, and it takes any number of them', () => {
    const crowd = withAnnotation({ iscrowd: 1 });
    const inside = [1, 2, 3].map((x) => ({ ...detection, image_id: 9, score: 0.95, bbox: [x, 1, 30, 30] }));
    expect(evaluate(crowd, [...inside, detection]).stats).toMatchObject({ AR1: 1, AR100: 1 });
    expect(evaluate(crowd, [...inside, detection]).stats.AP).toBeCloseTo(1, 12);
    expect(evaluate(withAnnotation({ image_id: 7 }), [detection, ...inside]).stats.AP).toBeLessThan(0.5);
  });
  it('an object is taken before a crowd that fits better', () => {
    const beside = { id: 6, image_id: 7, category_id: 3, bbox: [0, 0, 90, 70] as const, iscrowd: 1 };
    const near = [{ ...detection, bbox: [12, 10, 20, 20] }];
    for (const annotations of [
      [truths.annotations[0], beside],
      [beside, truths.annotations[0]],
    ])
      expect(evaluate({ ...truths, annotations }, near).stats.AP50).toBeCloseTo(1, 12);
  });
  it('an overlap of the threshold itself is enough, and of two that fit alike the later object is taken', () => {
    const half = { ...detection, bbox: [10, 10, 20, 10] };
    expect(evaluate(truths, [half]).stats.AP50).toBeCloseTo(51 / 101, 12);
    expect(evaluate(truths, [half]).stats.AP75).toBe(0);
    // The detection that takes the later one leaves the other to the next, which meets nothing else.
    const pair = [0, 10].map((x, id) => ({ id, image_id: 7, category_id: 3, bbox: [x, 0, 10, 10] as const }));
    const between = { ...detection, score: 1, bbox: [0, 0, 20, 10] };
    const first = { ...detection, bbox: [0, 0, 10, 10] };
    expect(evaluate({ ...truths, annotations: pair }, [between, first]).stats.AP50).toBeCloseTo(1, 12);
  });
  it('of equal scores the first in the file stays first, and rank decides within a limit', () => {
    const wrong = { ...detection, bbox: [60, 60, 5, 5] as const };
    expect(evaluate(truths, [detection, wrong]).stats).toMatchObject({ AR1: 0.5, AR10: 0.5 });
    expect(evaluate(truths, [wrong, detection]).stats).toMatchObject({ AR1: 0, AR10: 0.5 });
    const hundred = Array.from({ length: 100 }, () => wrong);
    expect(evaluate(truths, [...hundred, detection]).stats.AR100).toBe(0);
  });
  it('a detection without area is wrong, not an error', () => {
    const flat = { ...detection, score: 1, bbox: [10, 10, 0, 20] };
    expect(evaluate(truths, [flat, detection]).stats.AP).toBeCloseTo(51 / 101 / 2, 12);
  });
  it('masks of all three forms', () => {
    const runs = [810, 20, ...new Array<number[]>(19).fill([60, 20]).flat(), 80 * 100 - 810 - 20 - 19 * 80];
    const forms = [polygon, { size: [80, 100], counts: runs }];
    for (const truth of forms)
      for (const found of forms) {
        const file = { ...truths, annotations: [{ ...truths.annotations[0], segmentation: truth }] };
        const { stats } = evaluate(file, [{ ...detection, segmentation: found }], 'segm');
        expect(stats.AP).toBeCloseTo(1, 12);
      }
  });
});

describe('what is not COCO', () => {
  const refused = (file: unknown, message: RegExp, found: unknown = []) => {
    expect(() => evaluate(file, found)).toThrow(BadAnnotationError);
    expect(() => evaluate(file, found)).toThrow(message);
  };

  it('files of another form, by the first wrong field', () => {
    refused(null, /annotations file: it is null; COCO has images, annotations and categories/);
    refused([], /annotations file: it is an array/);
    refused({}, /images: it is missing/);
    refused({ ...truths, categories: {} }, /categories: it is an object; COCO has an array here/);
    refused({ ...truths, annotations: [null] }, /annotations\[0\]: it is null; COCO has an object here/);
    refused({ ...truths, images: [{ id: '7' }] }, /images\[0\].id: it is "7"; it must be a whole number/);
    refused(truths, /detections: it is an object/, { images: [] });
    refused(truths, /detections\[1\].image_id: it is undefined/, [detection, {}]);
  });
  it('ids that come twice', () => {
    refused(withAnnotation({ id: 0 }), /annotations\[1\]: its id 0 is that of annotations\[0\] too/);
    refused(
      { ...truths, images: [{ id: 7 }, { id: 9 }, { id: 7 }] },
      /images\[2\]: its id 7 is that of images\[0\] too/,
    );
    refused({ ...truths, categories: [{ id: 3 }, { id: 3 }] }, /categories\[1\]: its id 3/);
  });
  it('images and categories that are unknown', () => {
    refused(withAnnotation({ image_id: 8 }), /annotations\[1\] \(image 8, annotation 5\): there is no image 8/);
    refused(withAnnotation({ category_id: 4 }), /annotation 5\): there is no category 4; the categories are 3\./);
    refused(truths, /detections\[0\] \(image 1\): there is no image 1/, [{ ...detection, image_id: 1 }]);
    refused(truths, /detections\[0\] \(image 7\): there is no category 1/, [{ ...detection, category_id: 1 }]);
  });
  it('boxes that are reversed, empty, not finite, or none', () => {
    const where = 'annotations\\[1\\] \\(image 9, annotation 5\\): ';
    const box = (bbox: unknown, message: string) => refused(withAnnotation({ bbox }), new RegExp(where + message));
    box([9, 9, -3, 4], 'bbox \\[9,9,-3,4\\] is reversed: its width is -3');
    box([9, 9, 3, 0], 'bbox \\[9,9,3,0\\] has no area');
    box([9, 9, Number.NaN, 4], 'bbox is .* finite');
    box([9, 9, 4], 'bbox is \\[9,9,4\\]; it must be \\[x, y, width, height\\]');
    box('9 9 4 4', 'bbox is "9 9 4 4"');
    box(undefined, 'bbox is undefined');
    const found = (bbox: unknown) => [{ ...detection, bbox }];
    refused(truths, /detections\[0\] \(image 7\): bbox \[9,9,3,-1\] is reversed/, found([9, 9, 3, -1]));
    refused(truths, /detections\[0\] \(image 7\): bbox is \[null,9,3,1\]/, found([Number.NaN, 9, 3, 1]));
  });
  it('scores, areas and crowds that are none', () => {
    refused(truths, /detections\[0\] \(image 7\): score is null/, [{ ...detection, score: Number.NaN }]);
    refused(withAnnotation({ area: -1 }), /annotation 5\): area is -1/);
    refused(withAnnotation({ iscrowd: 2 }), /annotation 5\): iscrowd is 2/);
  });
  it('masks that are none, or of another size than their image', () => {
    const mask = (segmentation: unknown, image_id = 7) => {
      const file = { ...truths, annotations: [{ ...truths.annotations[0], image_id, segmentation }] };
      return () => evaluate(file, [], 'segm');
    };
    const where = 'annotations[0] (image 7, annotation 0): segmentation cannot be read: ';
    expect(mask(undefined)).toThrow(`${where}there is none. It must be polygons, or runs with their size.`);
    expect(mask([])).toThrow(`${where}it has no polygon`);
    expect(mask([polygon[0], [1, 2, 3, 4]])).toThrow(`${where}polygon 1 is no list of three or more finite points`);
    expect(mask([[1, 2, 3, 4, 5, Number.NaN]])).toThrow(`${where}polygon 0 is no list`);
    expect(mask(polygon, 9)).toThrow("polygons need the image's width and height, which are undefined and undefined");
    expect(mask({ counts: 'abc' })).toThrow(`${where}size is not [height, width]`);
    expect(mask({ size: [100, 80], counts: '' })).toThrow(`${where}it is 80 × 100 pixels, its image 100 × 80`);
    expect(mask({ size: [80, 100], counts: [1] })).toThrow(`${where}the runs have 1 pixels; 100 × 80 have 8000`);
    expect(mask({ size: [80, 100] })).toThrow(`${where}counts is neither a string nor a list`);
    const found = [{ ...detection, segmentation: null }];
    expect(() => evaluate({ ...truths, annotations: [] }, found, 'segm')).toThrow(
      /detections\[0\] \(image 7\): segmenta/,
    );
  });
});
