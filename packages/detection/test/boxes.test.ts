/** Boxes against `../shared/reference/detection-maths`, and against their definitions. */
import { describe, expect, it } from 'vitest';
import {
  boxAreas,
  boxGiou,
  boxIou,
  centresToCorners,
  cocoToCorners,
  cornersToCentres,
  cornersToCoco,
  nms,
} from '../src/node.ts';
import { expectNumbers, folder, numbers } from './reference.ts';

describe.skipIf(!folder)('boxes of the reference', () => {
  it.each(['a', 'b'])('%s as centres and as corners', async (set) => {
    await expectNumbers(centresToCorners(numbers(`boxes/${set}_cxcywh`)), `boxes/${set}_xyxy`);
    await expectNumbers(cornersToCentres(numbers(`boxes/${set}_xyxy`)), `boxes/${set}_cxcywh`);
  });
  it('IoU and GIoU of all pairs', async () => {
    const [a, b] = ['a', 'b'].map((set) => centresToCorners(numbers(`boxes/${set}_cxcywh`))) as [
      Float64Array,
      Float64Array,
    ];
    await expectNumbers(boxIou(a, b), 'boxes/iou');
    await expectNumbers(boxGiou(a, b), 'boxes/giou');
  });
  it('equal, distant, contained and touching boxes', async () => {
    const corners = (set: string) => centresToCorners(numbers(`boxes/special_${set}_cxcywh`));
    const diagonal = (all: Float64Array) => all.filter((_, i) => i % 5 === 0);
    await expectNumbers(diagonal(boxIou(corners('a'), corners('b'))), 'boxes/special_iou');
    await expectNumbers(diagonal(boxGiou(corners('a'), corners('b'))), 'boxes/special_giou');
  });
  it('non-maximum suppression', () => {
    const [corners, scores, labels] = [numbers('nms/boxes_xyxy'), numbers('nms/scores'), numbers('nms/labels')];
    for (const threshold of [0.3, 0.5])
      expect([...nms(corners, scores, { threshold })]).toEqual([...numbers(`nms/kept_${threshold}`)]);
    expect([...nms(corners, scores, { threshold: 0.5, labels })]).toEqual([...numbers('nms/kept_batched_0.5')]);
  });
});

describe('boxes', () => {
  it('have pixels where a size is given', () => {
    const corners = centresToCorners([0.5, 0.25, 0.5, 0.1], { width: 200, height: 100 });
    expect([...corners]).toEqual([50, 20, 150, 30]);
    expect([...cornersToCentres(corners, { width: 200, height: 100 })]).toEqual([0.5, 0.25, 0.5, 0.1]);
    expect([...cornersToCoco(corners)]).toEqual([50, 20, 100, 10]);
    expect([...cocoToCorners([50, 20, 100, 10])]).toEqual([50, 20, 150, 30]);
    expect([...boxAreas(corners)]).toEqual([1000]);
  });
  it('without area overlap by 0', () => {
    const point = [1, 1, 1, 1];
    expect([...boxIou(point, point), ...boxGiou(point, point)]).toEqual([0, 0]);
    expect([...boxIou(point, [0, 0, 2, 2])]).toEqual([0]);
    expect([...boxGiou(point, [3, 1, 3, 1])]).toEqual([0]);
    expect([...boxGiou(point, [3, 3, 3, 3])]).toEqual([-1]);
  });
  it('of three numbers are refused', () => {
    expect(() => boxAreas([1, 2, 3])).toThrow('3 numbers are no boxes');
  });
});

describe('nms', () => {
  it('keeps the first of equal scores, and what overlaps by no more than the threshold', () => {
    const corners = [0, 0, 2, 1, 0, 0, 1, 1, 5, 5, 6, 6];
    expect([...nms(corners, [0.5, 0.5, 0.5], { threshold: 0.49 })]).toEqual([0, 2]);
    expect([...nms(corners, [0.5, 0.5, 0.5], { threshold: 0.5 })]).toEqual([0, 1, 2]);
    expect([...nms(corners, [0.1, 0.5, 0.9], { threshold: 0.4 })]).toEqual([2, 1]);
    expect([...nms([], [], { threshold: 0.5 })]).toEqual([]);
  });
  it('refuses what it cannot order', () => {
    expect(() => nms([0, 0, 1, 1], [Number.NaN], { threshold: 0.5 })).toThrow(/Box 0 has the score NaN/);
    expect(() => nms([0, 0, 1, 1], [1, 2], { threshold: 0.5 })).toThrow(/2 scores for 1 boxes/);
    expect(() => nms([0, 0, 1, 1], [1], { threshold: 0.5, labels: [] })).toThrow(/0 labels for 1 boxes/);
    expect(() => nms([0, 0, 1, 1], [1], { threshold: Number.NaN })).toThrow(/threshold is NaN/);
  });
});
