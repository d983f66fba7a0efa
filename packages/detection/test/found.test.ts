/** From logits and boxes to objects: by softmax one a token, by sigmoid the best pairs of a query and a class. */
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import { foundObjects } from '../src/detector/found.ts';
import { toBatch } from '../src/source/batch.ts';

const canvas = { width: 100, height: 50 };
const sampleOf = (id: string, imageId: number) => ({
  image: { id, imageId, file: id, width: 200, height: 100, boxes: [] },
  original: { width: 200, height: 100 },
  used: canvas,
  placement: { scaleX: 0.5, scaleY: 0.5, shiftX: 0, shiftY: 0 },
  targets: { labels: new Int32Array(0), boxes: new Float32Array(0) },
  pixels: new Float32Array(100 * 50 * 3),
});

describe('objects', () => {
  const boxes = [0.5, 0.5, 0.2, 0.4, 0.1, 0.2, 0.2, 0.4, 0.9, 0.9, 0.4, 0.4];
  const frames = [canvas, canvas];
  const batchOf = (count: number) => toBatch(['a', 'b'].slice(0, count).map(sampleOf), canvas);

  it('of a sigmoid a class are the best pairs, as many as queries, and a query may have two classes', () => {
    const batch = batchOf(2);
    const logits = [
      [3, 2, -4],
      [-1, 1, -5],
      [-6, -7, -8],
    ];
    const outputs = {
      batch: 2,
      queries: 3,
      logits: [...logits.flat(), ...logits.flat().map((x) => -x)],
      boxes: [...boxes, ...boxes],
    };
    const [first, second] = foundObjects(outputs, batch, frames, { kind: 'focal', classes: 3 });
    const p = (x: number) => 1 / (1 + Math.exp(-x));
    expect(first!.objects.map(({ label }) => label)).toEqual([0, 1, 1]);
    for (const [i, x] of [3, 2, 1].entries()) expect(first!.objects[i]!.score).toBeCloseTo(p(x), 12);
    expect(first!.objects.map(({ box }) => box.map(Math.round))).toEqual([
      [80, 30, 120, 70],
      [80, 30, 120, 70],
      [0, 0, 40, 40],
    ]);
    // Clipped to the image.
    expect(second!.objects.map(({ label, box }) => [label, ...box.map(Math.round)])).toEqual([
      [2, 140, 70, 200, 100],
      [1, 140, 70, 200, 100],
      [0, 140, 70, 200, 100],
    ]);
    const sure = foundObjects(outputs, batch, frames, { kind: 'focal', classes: 3 }, { threshold: 0.8 });
    expect(sure.map(({ objects }) => objects.length)).toEqual([2, 3]);
    // Equal boxes of different classes do not suppress one another.
    const apart = foundObjects(outputs, batch, frames, { kind: 'focal', classes: 3 }, { nms: 0.5 });
    expect(apart.map(({ objects }) => objects.length)).toEqual([3, 3]);
    batch.dispose();
  });

  it('of a softmax are one a query, never "no object"', () => {
    const batch = batchOf(1);
    const logits = [1, 2, 9, 4, 3, 0, 0, 0.5, -9];
    const found = foundObjects({ batch: 1, queries: 3, logits, boxes }, batch, frames, { kind: 'softmax', classes: 2 });
    expect(found[0]!.objects.map(({ label }) => label)).toEqual([0, 1, 1]);
    expect(found[0]!.objects[0]!.score).toBeCloseTo(Math.exp(4) / (Math.exp(4) + Math.exp(3) + 1), 12);
    expect(found[0]!.objects[2]!.score).toBeCloseTo(Math.exp(2) / (Math.exp(1) + Math.exp(2) + Math.exp(9)), 12);
    batch.dispose();
  });
});
