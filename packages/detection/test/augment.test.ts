/** Views of pictures: where pixels and boxes go, and back; against a picture whose colours say where they are from. */
import { randomFrom } from '@dr2net/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainView, randomView } from '../src/augment/geometry.ts';
import { settleAugmentation } from '../src/augment/options.ts';
import { render } from '../src/augment/render.ts';
import { targetsOf } from '../src/augment/targets.ts';
import { boxesToImage, type DetectionBox } from '../src/browser.ts';
import type { LoadedImage } from '../src/image/load.ts';
import { keptSize } from '../src/source/kept.ts';

const side = fc.integer({ min: 8, max: 90 });
const box = (x: number, y: number, width: number, height: number, more: Partial<DetectionBox> = {}): DetectionBox => ({
  x,
  y,
  width,
  height,
  label: 1,
  crowd: false,
  id: 1,
  ...more,
});
/** Boxes within a picture. */
function someBoxes(width: number, height: number, seed: number): DetectionBox[] {
  const random = randomFrom(seed, 'boxes');
  return Array.from({ length: random.below(6) }, (_, i) => {
    const [w, h] = [random.between(0.5, width), random.between(0.5, height)];
    return box(random.between(0, width - w), random.between(0, height - h), w, h, { label: i, crowd: random() < 0.2 });
  });
}
/** A picture whose red is 2·x and green 2·y, at the middles of pixels. */
function ramp(width: number, height: number): LoadedImage {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) pixels.set([2 * x + 1, 2 * y + 1, 200], at);
  return { width, height, pixels, original: { width, height }, conversions: [] };
}
const augmentations = fc.record({
  crop: fc.oneof(
    fc.constant(false as const),
    fc.record({
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
      least: fc.double({ min: 0.2, max: 1, noNaN: true }),
      visible: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  ),
  scale: fc.double({ min: 0.3, max: 1, noNaN: true }).map((least) => [least, 1] as const),
  flip: fc.constantFrom(0, 0.5, 1),
});
const plainNumbers = { mean: [0, 0, 0], std: [1, 1, 1] };

describe('a random view', () => {
  const views = fc.record({
    width: side,
    height: side,
    cw: side,
    ch: side,
    seed: fc.nat(),
    augmentation: augmentations,
  });
  const made = ({
    width,
    height,
    cw,
    ch,
    seed,
    augmentation,
  }: typeof views extends fc.Arbitrary<infer T> ? T : never) => {
    const boxes = someBoxes(width, height, seed);
    const settled = settleAugmentation(augmentation);
    const canvas = { width: cw, height: ch };
    const random = (purpose: string) => randomFrom(seed, purpose);
    return { boxes, settled, canvas, view: randomView({ width, height }, boxes, canvas, random, settled) };
  };

  it('lies in the picture and on the canvas', () => {
    fc.assert(
      fc.property(views, (drawn) => {
        const { view, canvas } = made(drawn);
        const { window, used } = view;
        expect(Math.min(window.x, window.y)).toBeGreaterThanOrEqual(0);
        expect(window.x + window.width).toBeLessThanOrEqual(drawn.width);
        expect(window.y + window.height).toBeLessThanOrEqual(drawn.height);
        expect(used.width).toBeLessThanOrEqual(canvas.width);
        expect(used.height).toBeLessThanOrEqual(canvas.height);
        expect(Math.min(used.width, used.height)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('has its pixels where its placement says', () => {
    fc.assert(
      fc.property(views, (drawn) => {
        const { view, canvas } = made(drawn);
        const { placement, used, window } = view;
        const image = ramp(drawn.width, drawn.height);
        const pixels = render(image, view, canvas, plainNumbers);
        for (let y = 0; y < canvas.height; y++)
          for (let x = 0; x < canvas.width; x++) {
            const at = 3 * (y * canvas.width + x);
            if (x >= used.width || y >= used.height) {
              expect([...pixels.subarray(at, at + 3)]).toEqual([0, 0, 0]);
              continue;
            }
            expect(pixels[at + 2]! * 255).toBeCloseTo(200, 3);
            // Where it is from; a ramp is the same after filtering, but for the picture's edges.
            const from = [
              (x + 0.5 - placement.shiftX) / placement.scaleX,
              (y + 0.5 - placement.shiftY) / placement.scaleY,
            ] as const;
            const reach = [Math.max(1, window.width / used.width), Math.max(1, window.height / used.height)] as const;
            if (
              from[0] < reach[0] ||
              from[0] > drawn.width - reach[0] ||
              from[1] < reach[1] ||
              from[1] > drawn.height - reach[1]
            )
              continue;
            // The filter's weights stand at whole pixels, so in shrinking its middle is off by up to a quarter of one.
            const tolerance = (axis: 0 | 1) => (reach[axis] > 1 ? 0.5 : 0.01);
            expect(Math.abs(pixels[at]! * 255 - 2 * from[0])).toBeLessThan(tolerance(0));
            expect(Math.abs(pixels[at + 1]! * 255 - 2 * from[1])).toBeLessThan(tolerance(1));
          }
      }),
      { numRuns: 40 },
    );
  });

  it('leads boxes there and back, clipped to the part that is seen; crowds and what is hidden are left out', () => {
    fc.assert(
      fc.property(views, (drawn) => {
        const { boxes, settled, canvas, view } = made(drawn);
        const { window, placement } = view;
        const { visible } = settled.crop;
        const targets = targetsOf(boxes, { window, placement, canvas, visible });
        const expected = boxes.flatMap((own) => {
          const [x1, y1] = [Math.max(own.x, window.x), Math.max(own.y, window.y)];
          const x2 = Math.min(own.x + own.width, window.x + window.width);
          const y2 = Math.min(own.y + own.height, window.y + window.height);
          const seen = Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
          return own.crowd || seen <= 0 || seen < visible * own.width * own.height
            ? []
            : [{ label: own.label, corners: [x1, y1, x2, y2] }];
        });
        expect([...targets.labels]).toEqual(expected.map(({ label }) => label));
        const back = boxesToImage(targets.boxes, canvas, placement, drawn);
        for (const [i, value] of expected.flatMap(({ corners }) => corners).entries())
          expect(Math.abs(back[i]! - value)).toBeLessThan(1e-4 * 90);
        for (const share of targets.boxes) expect(share >= 0 && share <= 1 + 1e-6).toBe(true);
      }),
    );
  });

  it('shows an object where there is one to show', () => {
    const boxes = [box(0, 0, 6, 6)];
    const settled = settleAugmentation({ crop: { probability: 1, least: 0.3, visible: 0.9 } });
    const canvas = { width: 50, height: 50 };
    let parts = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { window, placement } = randomView(
        { width: 60, height: 40 },
        boxes,
        canvas,
        (purpose) => randomFrom(seed, purpose),
        settled,
      );
      expect(targetsOf(boxes, { window, placement, canvas, visible: 0.9 }).labels.length).toBe(1);
      if (window.width < 60) parts++;
    }
    expect(parts).toBeGreaterThan(10);
  });
});

it('a plain view is the whole picture, as large as fits', () => {
  const canvas = { width: 64, height: 48 };
  expect(plainView({ width: 640, height: 480 }, canvas)).toMatchObject({ used: canvas, flipped: false });
  expect(plainView({ width: 32, height: 48 }, canvas).used).toEqual({ width: 32, height: 48 });
  expect(plainView({ width: 16, height: 24 }, canvas).used).toEqual({ width: 32, height: 48 });
  expect(plainView({ width: 4000, height: 3 }, canvas).used).toEqual({ width: 64, height: 1 });
});

it('normalises, and colours without touching what lies beside the picture', () => {
  const image = ramp(8, 8);
  const canvas = { width: 12, height: 8 };
  const view = plainView(image, canvas);
  const colour = { options: {}, random: randomFrom(1) };
  const [mean, std] = [
    [0.5, 0.4, 0.3],
    [0.1, 0.2, 0.3],
  ];
  const [plain, normalised] = [render(image, view, canvas, plainNumbers), render(image, view, canvas, { mean, std })];
  for (let x = 0; x < 8; x++)
    for (let c = 0; c < 3; c++) expect(normalised[3 * x + c]).toBeCloseTo((plain[3 * x + c]! - mean[c]!) / std[c]!, 5);
  const coloured = render(image, view, canvas, { mean, std }, colour);
  expect(coloured.subarray(0, 24)).not.toEqual(normalised.subarray(0, 24));
  for (const pixels of [normalised, coloured]) expect([...pixels.subarray(24, 36)]).toEqual(new Array(12).fill(0));
});

it('keeps large pictures reduced, as large as any sample shows them', () => {
  const canvas = { width: 100, height: 100 };
  expect(keptSize({ width: 400, height: 200 }, canvas, 1)).toEqual({ width: 100, height: 50 });
  expect(keptSize({ width: 400, height: 200 }, canvas, 0.5)).toEqual({ width: 200, height: 100 });
  expect(keptSize({ width: 110, height: 110 }, canvas, 1)).toEqual({ width: 100, height: 100 });
  expect(keptSize({ width: 110, height: 110 }, canvas, 0.99)).toEqual({ width: 110, height: 110 });
  expect(keptSize({ width: 30, height: 20 }, canvas, 1)).toEqual({ width: 30, height: 20 });
});

it.each([
  [{ flip: 2 }, /flip is 2/],
  [{ scale: [0.5, 1.2] }, /scale is \[0.5, 1.2\]; it must be \[least, most\] in \(0, 1\]/],
  [{ crop: { least: 0 } }, /crop.least is 0/],
  [{ crop: { visible: Number.NaN } }, /crop.visible is NaN/],
  [{ colour: { hue: 0.7 } }, /colour.hue is 0.7/],
] as const)('refuses %o', (options, message) => {
  expect(() => settleAugmentation(options)).toThrow(message);
});
