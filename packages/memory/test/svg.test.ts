import { expect, test } from 'vitest';
import { timelineSvg } from '../src/index.ts';

const point = (seconds: number, bytes: number) => ({ seconds, bytes: bytes + 1e6, activationBytes: bytes, phase: 'p' });

test('draws one line a series, to scale, with names escaped', () => {
  const svg = timelineSvg(
    [
      { name: 'conventional <&>', timeline: [point(0, 0), point(0.5, 100e6), point(1, 0)] },
      { name: 'exact', timeline: [point(0, 0), point(2, 50e6)] },
      { name: 'empty', timeline: [] },
    ],
    { title: 'Memory "over" a step', width: 800, height: 360 },
  );
  expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 360"')).toBe(true);
  expect(svg).not.toMatch(/NaN|undefined|Infinity|<&>/);
  // Half of the height of the other, at the right edge.
  expect(svg).toContain('d="M70 294H248.5V40H427V294"');
  expect(svg).toContain('d="M70 294H784V167"');
  expect(svg).toContain('conventional &#60;&#38;&#62; (100 MB)');
  expect(svg).toContain('empty (no data)');
});

test('draws all bytes and fractions of the duration when asked, and survives emptiness', () => {
  const svg = timelineSvg([{ name: 'a', timeline: [point(0, 0), point(4, 1e6)] }], { show: 'bytes', time: 'fraction' });
  expect(svg).toContain('(2.00 MB)');
  expect(svg).toContain('100 %');
  expect(timelineSvg([])).not.toMatch(/NaN|undefined|Infinity/);
});
