/** Metrics against `../shared/reference/metrics`, and against their definitions. */
import { readFileSync } from 'node:fs';
import { readReference, sharedPath } from '@dr2net/testing';
import { describe, expect, it } from 'vitest';
import { Confusion, segmentationMetrics } from '../src/node.ts';

const folder = sharedPath('reference/metrics');

interface Expected {
  readonly ignore_index: number | null;
  readonly classes: number;
  readonly confusion: number[][];
  readonly iou_per_class: (number | null)[];
  readonly accuracy_per_class: (number | null)[];
  readonly mIoU_over_present_classes: number | null;
  readonly mean_accuracy_over_present_classes: number | null;
  readonly overall_accuracy: number | null;
  readonly mIoU_openpoints: number;
  readonly mean_accuracy_openpoints: number;
}

function expectNumber(actual: number | null | undefined, expected: number | null | undefined): void {
  if (expected === null || expected === undefined) expect(actual).toBe(null);
  else expect(Math.abs((actual ?? Number.NaN) - expected)).toBeLessThan(1e-6);
}

describe.skipIf(!folder)('metrics of the reference', () => {
  const cases = ['absent_classes', 'ignored_255', 'perfect', 'all_wrong', 'all_ignored'];
  it.each(cases)('%s', (name) => {
    const tensors = readReference(`${folder}/expected.safetensors`);
    const expected = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8'))[name] as Expected;
    const labels = tensors.get(`segmentation/${name}/label`)?.data as ArrayLike<number>;
    const predictions = tensors.get(`segmentation/${name}/prediction`)?.data as ArrayLike<number>;
    const confusion = new Confusion(expected.classes, expected.ignore_index);
    const [all, guessed] = [Array.from(labels), Array.from(predictions)];
    // In uneven batches.
    for (let from = 0; from < all.length; from += 333)
      confusion.add(all.slice(from, from + 333), guessed.slice(from, from + 333));
    const metrics = segmentationMetrics(confusion.counts);
    expect(metrics.confusion).toEqual(expected.confusion);
    for (let k = 0; k < expected.classes; k++) {
      expectNumber(metrics.iou[k], expected.iou_per_class[k]);
      expectNumber(metrics.accuracy[k], expected.accuracy_per_class[k]);
    }
    expectNumber(metrics.meanIou, expected.mIoU_over_present_classes);
    expectNumber(metrics.meanAccuracy, expected.mean_accuracy_over_present_classes);
    expectNumber(metrics.overallAccuracy, expected.overall_accuracy);
    expectNumber(metrics.openPoints.meanIou, expected.mIoU_openpoints);
    expectNumber(metrics.openPoints.meanAccuracy, expected.mean_accuracy_openpoints);
  });
});

describe('Confusion', () => {
  it('counts by hand', () => {
    const confusion = new Confusion(2);
    confusion.add([0, 0, 1, 255, 1], [0, 1, 1, 0, 1]);
    expect(confusion.counts).toEqual([
      [1, 1],
      [0, 2],
    ]);
    const { iou, meanIou, overallAccuracy } = segmentationMetrics(confusion.counts);
    expect(iou).toEqual([1 / 2, 2 / 3]);
    expect(meanIou).toBeCloseTo(7 / 12, 12);
    expect(overallAccuracy).toBe(3 / 4);
  });
  it('refuses what is no class, and counts nothing of it', () => {
    const confusion = new Confusion(2);
    expect(() => confusion.add([0, 2], [0, 0])).toThrow(
      /Point 1: label 2, prediction 0; classes are 0 … 1, ignored is 255/,
    );
    expect(() => confusion.add([0, 0], [0, Number.NaN])).toThrow(/prediction NaN/);
    expect(() => confusion.add([0], [0, 1])).toThrow(/1 labels and 2 predictions/);
    expect(() => new Confusion(2, null).add([255], [0])).toThrow(/label 255/);
    expect(confusion.counts.flat()).toEqual([0, 0, 0, 0]);
    expect(() => new Confusion(0)).toThrow(/classes is 0/);
  });
});
