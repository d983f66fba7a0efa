/** Contrastive denoising: what the queries are, by properties on random objects; its part in the loss of a decoder. */
import { trainingContext } from '@dr2net/ops';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxIou, centresToCorners, type DetectionTargets, denoisingQueries, matchedLoss } from '../src/node.ts';

const share = fc.double({ min: 0.05, max: 0.95, noNaN: true });
const side = fc.double({ min: 0.01, max: 0.5, noNaN: true });
const classes = 4;

const targets: fc.Arbitrary<DetectionTargets[]> = fc.array(
  fc
    .array(fc.tuple(fc.integer({ min: 0, max: classes - 1 }), share, share, side, side), { maxLength: 7 })
    .map((objects) => ({
      labels: objects.map(([label]) => label),
      boxes: objects.flatMap(([, ...box]) => box),
    })),
  { minLength: 1, maxLength: 3 },
);
const settings = fc.record({
  queries: fc.integer({ min: 1, max: 80 }),
  flips: fc.constantFrom(0, 0.25, 1),
  noise: fc.constantFrom<[number, number]>([1, 2], [0.4, 0.8], [0, 0.5], [0, 0]),
});

/** How far a side was moved, in halves of the box; sides that were clipped moved at least so far. */
function moves(box: readonly number[], noised: ArrayLike<number>): { by: number; clipped: boolean }[] {
  const [before, after] = [centresToCorners(box), centresToCorners(noised)];
  return [0, 1, 2, 3].map((k) => {
    const half = (box[2 + (k % 2)] as number) / 2;
    const at = after[k] as number;
    return { by: Math.abs(at - (before[k] as number)) / half, clipped: at <= 1e-6 || at >= 1 - 1e-6 };
  });
}

describe('the queries', () => {
  it('are groups of one to find and one to refuse for each object, near and less near, within the picture', () => {
    fc.assert(
      fc.property(targets, settings, fc.integer(), (objects, options, seed) => {
        const made = denoisingQueries(objects, classes, trainingContext(seed), options);
        const half = Math.max(...objects.map(({ labels }) => labels.length));
        if (half === 0) {
          expect(made).toBeNull();
          return;
        }
        const { queries, matches } = made!;
        const { count, groups, labels, boxes } = queries;
        expect(groups).toBe(Math.max(1, Math.floor(options.queries / (2 * half))));
        expect([count, labels.length, boxes.length]).toEqual([
          groups * 2 * half,
          objects.length * count,
          4 * objects.length * count,
        ]);
        expect(labels.every((label) => label >= 0 && label < classes)).toBe(true);
        for (const [image, own] of objects.entries()) {
          const places = new Map(
            [...matches[image]!.queries].map((query, i) => [query, matches[image]!.targets[i] as number]),
          );
          expect(places.size).toBe(groups * own.labels.length);
          for (let query = 0; query < count; query++) {
            const [within, found] = [query % (2 * half), query % half];
            const positive = within < half;
            const box = boxes.subarray(4 * (image * count + query), 4 * (image * count + query) + 4);
            if (found >= own.labels.length) {
              expect(places.has(query)).toBe(false);
              expect([...box, labels[image * count + query]]).toEqual([0, 0, 0, 0, 0]);
              continue;
            }
            expect(places.get(query)).toBe(positive ? found : undefined);
            if (options.flips === 0) expect(labels[image * count + query]).toBe(own.labels[found]);
            const truth = [0, 1, 2, 3].map((k) => own.boxes[4 * found + k] as number);
            const corners = centresToCorners(box);
            expect(corners.every((value) => value >= -6e-4 && value <= 1 + 6e-4)).toBe(true);
            expect(box[2]! > 9e-4 && box[3]! > 9e-4).toBe(true);
            const [least, most] = options.noise;
            if (positive)
              for (const { by, clipped } of moves(truth, box)) expect(clipped || by <= least + 1e-3).toBe(true);
            // A side that met the other one on its way was moved less.
            else if (box[2]! > 1.1e-3 && box[3]! > 1.1e-3)
              for (const { by, clipped } of moves(truth, box))
                expect(clipped || (by >= least - 1e-3 && by <= most + 1e-3)).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('tell near from far: what is to be found overlaps more than what is to be refused', () => {
    const one: DetectionTargets[] = [{ labels: [1], boxes: [0.5, 0.5, 0.2, 0.3] }];
    const { queries } = denoisingQueries(one, classes, trainingContext(3), { queries: 400 })!;
    const overlaps = boxIou(centresToCorners(queries.boxes), centresToCorners(one[0]!.boxes));
    const mean = (rest: number) => {
      const own = [...overlaps].filter((_, i) => i % 2 === rest);
      return own.reduce((sum, value) => sum + value, 0) / own.length;
    };
    expect([queries.count, queries.groups]).toEqual([400, 200]);
    expect(mean(0)).toBeGreaterThan(0.3);
    expect(mean(1)).toBeLessThan(0.2);
    const flipped = queries.labels.filter((label) => label !== 1).length / 400;
    // A quarter is drawn anew, of which a quarter is as before.
    expect(flipped).toBeGreaterThan(0.12);
    expect(flipped).toBeLessThan(0.26);
  });

  it('are the same for the same step, and others for another', () => {
    const one: DetectionTargets[] = [{ labels: [1, 2], boxes: [0.5, 0.5, 0.2, 0.3, 0.2, 0.2, 0.1, 0.1] }];
    const at = (step: number) => denoisingQueries(one, classes, trainingContext(3, step))!.queries;
    expect(at(1)).toEqual(at(1));
    expect(at(2).boxes).not.toEqual(at(1).boxes);
    expect(at(1).boxes.subarray(0, 16)).not.toEqual(at(1).boxes.subarray(16, 32));
    expect(at(1).count).toBe(100);
  });

  it.each([
    [{ queries: 0 }, 'denoising.queries is 0'],
    [{ flips: 1.5 }, 'denoising.flips is 1.5'],
    [{ noise: [2, 1] }, 'denoising.noise is [2, 1]'],
    [{ noise: [0, Number.NaN] }, 'denoising.noise is [0, NaN]'],
  ] as const)('refuse %j', (options, message) => {
    expect(() => denoisingQueries([], classes, trainingContext(1), options)).toThrow(message);
  });

  it('are what matchedLoss takes', () => {
    const objects: DetectionTargets[] = [
      { labels: [1, 2], boxes: [0.5, 0.5, 0.2, 0.3, 0.2, 0.2, 0.1, 0.1] },
      { labels: [], boxes: [] },
    ];
    const { queries, matches } = denoisingQueries(objects, classes, trainingContext(3), {
      queries: 12,
      noise: [0, 1],
    })!;
    const logits = new Float64Array(2 * queries.count * classes).fill(-5);
    const outputs = { batch: 2, queries: queries.count, logits, boxes: queries.boxes };
    const { l1, giou, gradient } = matchedLoss(outputs, objects, matches, {
      classification: { kind: 'focal', classes },
    });
    // λ₁ = 0: what is to be found lies where the objects are.
    expect(l1).toBeLessThan(1e-6);
    expect(giou).toBeLessThan(1e-6);
    expect(gradient.logits.filter((value) => value < 0)).toHaveLength(6);
  });
});
