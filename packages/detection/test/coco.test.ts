/** COCO evaluation against pycocotools' numbers in `../shared/reference/coco-ap`. */
import { readFileSync } from 'node:fs';
import { sharedPath } from '@dr2net/testing';
import { describe, expect, it } from 'vitest';
import {
  type CocoDetection,
  type CocoEvaluation,
  type CocoKind,
  type CocoTruths,
  decodeMask,
  evaluateCoco,
  maskArea,
  maskBox,
  precisionRecall,
  sharedArea,
} from '../src/node.ts';

const folder = sharedPath('reference/coco-ap');
const read = <T>(name: string) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as T;

interface Expected {
  readonly stats: Record<string, number>;
  readonly AP_per_category: Record<string, number>;
}

function expectNumber(actual: number | null | undefined, expected: number | undefined, what: string): void {
  if (expected === undefined) throw new Error(`nothing is expected of ${what}`);
  if (expected === -1) expect(actual, what).toBe(null);
  else expect(Math.abs((actual ?? Number.NaN) - expected), what).toBeLessThan(1e-6);
}

function expectEvaluation(actual: CocoEvaluation, name: string): void {
  const expected = read<Record<string, Expected>>('expected.json')[name]!;
  expect(Object.keys(expected.stats)).toHaveLength(12);
  for (const [stat, value] of Object.entries(expected.stats)) {
    const key = stat.replace(/_(\w)/, (_, letter: string) => letter.toUpperCase());
    expectNumber(actual.stats[key as keyof typeof actual.stats], value, stat);
  }
  expect(actual.categories.map(({ id }) => String(id)).sort()).toEqual(Object.keys(expected.AP_per_category).sort());
  for (const { id, stats } of actual.categories) expectNumber(stats.AP, expected.AP_per_category[id], `category ${id}`);
}

describe.skipIf(!folder)('COCO evaluation of the reference', () => {
  const truths = () => read<CocoTruths>('ground_truth.json');
  const detections = (kind: CocoKind) => read<CocoDetection[]>(`detections_${kind}.json`);

  it.each(['bbox', 'segm'] as const)('%s: twelve numbers, and AP of each category', (kind) => {
    expectEvaluation(evaluateCoco(truths(), detections(kind), kind), kind);
  });
  it('whatever the order of images, categories and objects', () => {
    const { images, annotations, categories } = truths();
    const turned = {
      images: [...images].reverse(),
      annotations: [...annotations].reverse(),
      categories: [...categories].reverse(),
    };
    expectEvaluation(evaluateCoco(turned, detections('bbox')), 'bbox');
  });
  it('without detections', () => {
    expectEvaluation(evaluateCoco(truths(), []), 'bbox_no_detections');
  });
  it('without objects', () => {
    expectEvaluation(evaluateCoco({ ...truths(), annotations: [] }, detections('bbox')), 'bbox_no_truths');
  });
  it('of one image', () => {
    const one = { ...truths(), images: truths().images.filter(({ id }) => id === 3) };
    const annotations = truths().annotations.filter((entry) => entry.image_id === 3);
    const found = detections('bbox').filter((entry) => entry.image_id === 3);
    expectEvaluation(evaluateCoco({ ...one, annotations }, found), 'bbox_first_image_only');
  });

  it('counts by category, and curves whose mean is the AP', () => {
    const evaluation = evaluateCoco(truths(), detections('bbox'));
    const { categories, stats } = evaluation;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(categories.map((category) => category.truths))).toBe(84 - 6);
    expect(sum(categories.map((category) => category.detections))).toBe(274);
    const mean = (values: readonly number[] | null) => sum(values ?? [Number.NaN]) / 101;
    expect(mean(precisionRecall(evaluation).precision)).toBeCloseTo(stats.AP50 ?? Number.NaN, 12);
    expect(mean(precisionRecall(evaluation, { threshold: 0.75 }).precision)).toBeCloseTo(stats.AP75 ?? Number.NaN, 12);
    const curve = precisionRecall(evaluation, { category: 90, size: 'small' });
    expect(curve.scores).toHaveLength(101);
    expect([...(curve.scores as number[])].sort((a, b) => b - a)).toEqual(curve.scores);
    expect(precisionRecall(evaluation, { category: 17 }).precision).toBe(null);
    expect(() => precisionRecall(evaluation, { threshold: 0.42 })).toThrow(
      /threshold is 0.42; evaluated are 0.5, 0.55/,
    );
    expect(() => precisionRecall(evaluation, { category: 2 })).toThrow(/category is 2; evaluated are 1, 3, 4, 17, 90/);
    expect(() => precisionRecall(evaluation, { limit: 5 })).toThrow(/limit is 5; evaluated are 1, 10, 100/);
  });

  it('masks: areas, boxes, and overlaps of crowds and others', () => {
    interface Runs {
      readonly size: [number, number];
      readonly counts: string;
    }
    const masks = read<{
      detections: Runs[];
      truths: Runs[];
      iscrowd: number[];
      areas: number[];
      boxes: number[][];
      iou: number[][];
    }>('masks.json');
    const decode = ({ size: [height, width], counts }: Runs) => decodeMask(counts, width, height);
    const [found, known] = [masks.detections.map(decode), masks.truths.map(decode)];
    expect(found.map(maskArea)).toEqual(masks.areas);
    expect(found.map(maskBox)).toEqual(masks.boxes);
    for (const [d, detection] of found.entries())
      for (const [g, truth] of known.entries()) {
        const shared = sharedArea(detection, truth);
        const union = masks.iscrowd[g] ? maskArea(detection) : maskArea(detection) + maskArea(truth) - shared;
        expectNumber(shared / union, masks.iou[d]?.[g], `overlap of ${d} and ${g}`);
      }
  });
});
