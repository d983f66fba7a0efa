/** Boxes on pictures: where they are, in which colour, and names that are no markup. */
import { describe, expect, it } from 'vitest';
import { boxesSvg, type LoadedImage, pictureJpeg, readImage } from '../src/node.ts';

const [width, height] = [200, 100];
const grey: LoadedImage = {
  width,
  height,
  pixels: new Uint8Array(width * height * 3).fill(128),
  original: { width: 2 * width, height: 2 * height },
  conversions: [],
};

const read = (jpeg: Uint8Array) => readImage({ id: 'drawn.jpg', file: new Blob([jpeg.slice()]) });

describe('pictureJpeg', () => {
  it('draws boxes, given in pixels of the original', async () => {
    const drawn = await read(
      await pictureJpeg(grey, { boxes: [{ box: [100, 40, 300, 160], colour: 'rgb(255, 0, 0)' }] }),
    );
    expect(drawn).toMatchObject({ width, height });
    const red = (x: number, y: number) => {
      const [r = 0, g = 0] = drawn.pixels.subarray(3 * (y * width + x));
      return r - g;
    };
    for (const [x, y] of [
      [50, 50],
      [149, 50],
      [100, 20],
      [100, 79],
    ] as const)
      expect(red(x, y), `${x}, ${y}`).toBeGreaterThan(20);
    for (const [x, y] of [
      [100, 50],
      [20, 50],
      [180, 50],
      [100, 95],
    ] as const)
      expect(Math.abs(red(x, y)), `${x}, ${y}`).toBeLessThan(10);
  });

  it('is as small as asked for, and never larger than it was', async () => {
    expect(await read(await pictureJpeg(grey, { longest: 50 }))).toMatchObject({ width: 50, height: 25 });
    expect(await read(await pictureJpeg(grey, { longest: 5000 }))).toMatchObject({ width, height });
  });
});

it('boxesSvg escapes names', () => {
  const svg = boxesSvg([{ box: [1, 2, 3, 4], colour: '#123456', text: '<b>&"' }], { width, height });
  expect(svg).toContain('&lt;b&gt;&amp;&quot;</text>');
  expect(svg).toContain('x="1" y="2" width="2" height="2"');
});

it('boxesSvg writes no name on another, nor outside of the picture', () => {
  const names = (...boxes: [x1: number, y1: number, x2: number, y2: number][]) =>
    [
      ...boxesSvg(
        boxes.map((box) => ({ box, colour: '#123456', text: 'square 0.88' })),
        { width: 300, height: 280 },
      ).matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*font-size="([\d.]+)"/g),
    ].map((found) => found.slice(1).map(Number) as [number, number, number]);
  const [first, second, third] = names([50, 100, 90, 140], [51, 102, 88, 138], [52, 101, 90, 139]);
  const [, , letters] = first as [number, number, number];
  const lines = [first, second, third].map((name) => name?.[1] ?? 0).sort((a, b) => a - b);
  expect(lines[1]! - lines[0]!).toBeGreaterThanOrEqual(letters);
  expect(lines[2]! - lines[1]!).toBeGreaterThanOrEqual(letters);
  // Where there is room beside one another, and where there is none above.
  const [left, right] = names([10, 100, 90, 140], [200, 100, 280, 140]);
  expect(left?.[1]).toBe(right?.[1]);
  expect(names([10, 1, 90, 60])[0]?.[1]).toBeGreaterThanOrEqual(letters);
});
