/** Losses and their gradients on random sizes, against central differences; and what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Classification,
  type DetectionOutputs,
  type DetectionTargets,
  focalLoss,
  giouLoss,
  l1Loss,
  matchedLoss,
  setLoss,
  weightedCrossEntropy,
} from '../src/node.ts';
import { expectGradient } from './reference.ts';

const step = 1e-5;

/** d of / d at, by central differences. */
const differences = (at: ArrayLike<number>, of: (values: Float64Array) => number) =>
  Float64Array.from({ length: at.length }, (_, i) => {
    const moved = (by: number) => of(Float64Array.from(at, (value, k) => (k === i ? value + by : value)));
    return (moved(step) - moved(-step)) / (2 * step);
  });

const sum = (values: Float64Array) => values.reduce((all, value) => all + value, 0);
const logit = fc.oneof(fc.double({ min: -6, max: 6, noNaN: true }), fc.constantFrom(-100, 100));
const list = (count: number, value: fc.Arbitrary<number>) => fc.array(value, { minLength: count, maxLength: count });
/** On grids that do not meet, so that no edge of one box lies on an edge of another, where there is no derivative. */
const grid = (offset: number) => fc.integer({ min: 10, max: 90 }).map((n) => (n + offset) / 100);
const predicted = (count: number) =>
  fc
    .tuple(list(4 * count, grid(0.11)), list(4 * count, fc.double({ min: 0, max: 0.01, noNaN: true })))
    .map(([coarse, fine]) => coarse.map((value, i) => value + fine[i]! / 100));

interface Case {
  readonly outputs: DetectionOutputs;
  readonly targets: DetectionTargets[];
  readonly classification: Classification;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    queries: fc.integer({ min: 1, max: 6 }),
    classification: fc.oneof(
      fc.record({
        kind: fc.constant('softmax' as const),
        classes: fc.integer({ min: 1, max: 4 }),
        noObject: fc.constantFrom(0.1, 1, 0),
      }),
      fc.record({
        kind: fc.constant('focal' as const),
        classes: fc.integer({ min: 1, max: 4 }),
        alpha: fc.constantFrom(0.25, 0, 1),
        gamma: fc.constantFrom(0, 1, 2, 3.5),
      }),
    ),
  })
  .chain(({ batch, queries, classification }) => {
    const channels = classification.classes + (classification.kind === 'softmax' ? 1 : 0);
    const objects = fc.integer({ min: 0, max: queries }).chain((count) =>
      fc.record({
        labels: list(count, fc.integer({ min: 0, max: classification.classes - 1 })),
        boxes: list(4 * count, grid(0.57)),
      }),
    );
    return fc.record({
      outputs: fc.record({
        batch: fc.constant(batch),
        queries: fc.constant(queries),
        logits: list(batch * queries * channels, logit),
        boxes: predicted(batch * queries),
      }),
      targets: fc.array(objects, { minLength: batch, maxLength: batch }),
      classification: fc.constant(classification),
    });
  });

describe('gradients by central differences', () => {
  it('the set loss at 0 … as many objects as queries', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ outputs, targets, classification }) => {
        const { layers } = setLoss([outputs], targets, { classification });
        const { gradient, matches } = layers[0]!;
        expect(matches.map(({ queries }) => queries.length)).toEqual(targets.map(({ labels }) => labels.length));
        // The pairs are held, as they are in training: their choice has no derivative.
        const at = (changed: Partial<DetectionOutputs>) =>
          matchedLoss({ ...outputs, ...changed }, targets, matches, { classification }).total;
        const logits = differences(outputs.logits, (values) => at({ logits: values }));
        const boxes = differences(outputs.boxes, (values) => at({ boxes: values }));
        for (const [name, mine, theirs] of [
          ['logits', gradient.logits, logits],
          ['boxes', gradient.boxes, boxes],
        ] as const)
          for (const [i, value] of theirs.entries())
            expect(Math.abs(mine[i]! - value), `${name} ${i}`).toBeLessThanOrEqual(2e-5 + 1e-5 * Math.abs(value));
      }),
      { numRuns: 150 },
    );
  });

  it.each([0, 0.5, 1, 2, 5])('focal loss with γ = %d', async (gamma) => {
    const logits = [-100, -30, -3, -0.2, 0, 0.4, 2, 30, 100].flatMap((x) => [x, x]);
    const targets = logits.map((_, i) => i % 2);
    const { loss, gradient } = focalLoss(logits, targets, { gamma });
    expect([...loss, ...gradient].every(Number.isFinite)).toBe(true);
    const expected = differences(logits, (values) => sum(focalLoss(values, targets, { gamma }).loss));
    await expectGradient(gradient, expected, 'focal loss', 1e-7);
  });

  it('focal loss keeps its digits where an answer is all but sure', () => {
    // q = σ(−30): loss q²·log(1 + e⁻³⁰) is q³ to one part in 10¹³, its gradient 3·q³.
    const q = Math.exp(-30);
    const { loss, gradient } = focalLoss([30, -30], [1, 0], { alpha: 0.25, gamma: 2 });
    for (const [i, weight] of [0.25, 0.75].entries()) {
      expect(loss[i]! / (weight * q ** 3)).toBeCloseTo(1, 11);
      expect(gradient[i]! / ((i === 0 ? -1 : 1) * weight * 3 * q ** 3)).toBeCloseTo(1, 11);
    }
  });

  it('cross-entropy at logits of ±100', async () => {
    const logits = [100, -100, 3, -100, -100, -100, 0.5, 0.25, 100];
    const at = (values: ArrayLike<number>) => weightedCrossEntropy(values, [1, 2, 0], [1, 0.1, 2]);
    await expectGradient(
      at(logits).gradient,
      differences(logits, (values) => at(values).loss),
      'cross-entropy',
      1e-7,
    );
    expect(at(logits).loss).toBeCloseTo((0.1 * 200 + 2 * Math.log(3) + 99.5) / 3.1, 10);
  });
});

describe('box losses where there is no derivative', () => {
  it('equal boxes have no loss and pull nowhere', () => {
    const box = [0.5, 0.5, 0.25, 0.25];
    expect(l1Loss(box, box)).toEqual({ loss: new Float64Array(1), gradient: new Float64Array(4) });
    const { loss, gradient } = giouLoss(box, box);
    expect(loss[0]).toBe(0);
    // Larger and smaller are equally worse; halves of both sides cancel.
    expect([...gradient].map((value) => Math.abs(value))).toEqual([0, 0, 0, 0]);
  });
  it('boxes without area stay finite', () => {
    const point = [0.5, 0.5, 0, 0];
    for (const other of [point, [0.25, 0.5, 0, 0], [0.5, 0.5, 0.25, 0.25], [0.1, 0.1, 0.1, 0]]) {
      const { loss, gradient } = giouLoss(point, other);
      expect([...loss, ...gradient].every(Number.isFinite), String(other)).toBe(true);
    }
    expect(giouLoss(point, point).loss[0]).toBe(1);
  });
});

describe('what is refused', () => {
  const outputs: DetectionOutputs = { batch: 1, queries: 2, logits: [1, 2, 3, 4, 5, 6], boxes: new Array(8).fill(0.5) };
  const classification: Classification = { kind: 'softmax', classes: 2 };
  const object = (label: number, box = [0.5, 0.5, 0.1, 0.1]) => ({ labels: [label], boxes: box });
  const loss = (changed: Partial<DetectionOutputs>, targets: DetectionTargets[] = [object(0)]) =>
    setLoss([{ ...outputs, ...changed }], targets, { classification });

  it('more objects than queries', () => {
    const three = { labels: [0, 1, 0], boxes: new Array(12).fill(0.5) };
    expect(() => loss({}, [three])).toThrow(/Image 0 of the batch has 3 objects, but the detector has 2 queries/);
  });
  it('outputs that are not finite, in images without objects too', () => {
    const logits = [1, 2, 3, 4, Number.NaN, 6];
    expect(() => loss({ logits })).toThrow(/Image 0 of the batch, query 1: logit 1 is NaN/);
    expect(() => loss({ logits }, [{ labels: [], boxes: [] }])).toThrow(/query 1: logit 1 is NaN/);
    expect(() => loss({ boxes: [0, 0, 0, 0, 0, 0, Infinity, 0] })).toThrow(/query 1: box coordinate 2 is Infinity/);
  });
  it('objects that are none', () => {
    expect(() => loss({}, [object(2)])).toThrow(/Image 0 of the batch, object 0: its label is 2; classes are 0 … 1/);
    expect(() => loss({}, [object(0, [0.5, 0.5, -0.1, 0.1])])).toThrow(/its box \[cx, cy, w, h\] is \[0.5, 0.5, -0.1/);
    expect(() => loss({}, [{ labels: [0], boxes: [] }])).toThrow(/1 labels, but 0 numbers of boxes/);
    expect(() => loss({}, [])).toThrow(/Objects of 0 images for a batch of 1/);
  });
  it('sizes that disagree, options out of range', () => {
    expect(() => loss({ logits: [1] })).toThrow(/1 logits; 1 images × 2 queries × 3 channels \(softmax, 2 classes\)/);
    expect(() => loss({ boxes: [] })).toThrow(/0 numbers of boxes; 1 images × 2 queries/);
    expect(() => focalLoss([0], [0.5])).toThrow(/Target 0 is 0.5/);
    expect(() => focalLoss([0], [])).toThrow(/0 targets for 1 logits/);
    expect(() => focalLoss([0], [0], { alpha: 2 })).toThrow(/alpha is 2/);
    expect(() => focalLoss([0], [0], { gamma: -1 })).toThrow(/gamma is -1/);
    expect(() => weightedCrossEntropy([0, 0], [2], [1, 1])).toThrow(/Row 0 has the label 2/);
    expect(() => l1Loss([0, 0, 1, 1], [])).toThrow(/1 predicted boxes and 0 true ones/);
    const options = { classification: { ...classification, noObject: -1 } };
    expect(() => setLoss([outputs], [object(0)], options)).toThrow(/noObject is -1/);
  });
});
