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
