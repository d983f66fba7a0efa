/** What each change may and may not do. */

import { randomFrom } from '@dr2net/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eraseRandomly } from '../src/augment/erase.ts';
import { randomWindow, squareWindow } from '../src/augment/geometry.ts';
import { mixBatch } from '../src/augment/mix.ts';
import { augmentedSample, plainSample } from '../src/augment/sample.ts';
import { scaleRgb, uprightRgb } from '../src/reader/pixels.ts';
import { storedInMemory } from '../src/reader/store.ts';

const picture = (width: number, height: number, seed: number) => {
  const random = randomFrom(seed);
  return Uint8Array.from({ length: width * height * 3 }, () => random.below(256));
};

describe('scaleRgb', () => {
  it('changes nothing at the same size', () => {
    const rgb = picture(9, 7, 1);
    expect(scaleRgb(rgb, { width: 9, height: 7 }, { width: 9, height: 7 })).toBe(rgb);
  });

  it('keeps a flat picture flat', () => {
    const flat = new Uint8Array(20 * 16 * 3).fill(77);
    expect(new Set(scaleRgb(flat, { width: 20, height: 16 }, { width: 7, height: 5 }))).toEqual(new Set([77]));
  });
});

it('turning four times by 90° gives the picture back', () => {
  const rgb = picture(5, 3, 2);
  let turned: Uint8Array = rgb;
  let size = { width: 5, height: 3 };
  const withAlpha = (bytes: Uint8Array) =>
    Uint8Array.from({ length: (bytes.length / 3) * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (bytes[Math.floor(i / 4) * 3 + (i % 4)] as number),
    );
  for (let i = 0; i < 4; i++) {
    turned = uprightRgb(withAlpha(turned), size, 90);
    size = { width: size.height, height: size.width };
  }
  expect(turned).toEqual(rgb);
  const half = uprightRgb(withAlpha(uprightRgb(withAlpha(rgb), size, 180)), size, 180);
  expect(half).toEqual(rgb);
  const there = uprightRgb(withAlpha(rgb), size, 90);
  expect(uprightRgb(withAlpha(there), { width: 3, height: 5 }, 270)).toEqual(rgb);
});

describe('windows', () => {
  it('lie in the picture, within the asked area and ratio', () => {
    const side = fc.integer({ min: 8, max: 300 });
    fc.assert(
      fc.property(side, side, fc.nat(), (width, height, seed) => {
        const window = randomWindow({ width, height }, randomFrom(seed), { scale: [0.2, 0.8] });
        expect(window.x).toBeGreaterThanOrEqual(0);
        expect(window.y).toBeGreaterThanOrEqual(0);
        expect(window.x + window.width).toBeLessThanOrEqual(width + 1e-9);
        expect(window.y + window.height).toBeLessThanOrEqual(height + 1e-9);
      }),
    );
  });

  it('are square and spread over the longer side in evaluation', () => {
    expect(squareWindow({ width: 100, height: 60 })).toEqual({ x: 20, y: 0, width: 60, height: 60 });
    expect([0, 1, 2].map((i) => squareWindow({ width: 60, height: 100 }, i, 3).y)).toEqual([0, 20, 40]);
  });
});

it('erases one rectangle, the same place in every frame', () => {
  const size = 20;
  const pixels = new Float32Array(3 * size * size * 3);
  eraseRandomly(pixels, size, randomFrom(5), { probability: 1 });
  const touched = Array.from({ length: 3 }, (_, frame) => {
    const places: number[] = [];
    for (let i = 0; i < size * size; i++) if (pixels[(frame * size * size + i) * 3] !== 0) places.push(i);
    return places;
  });
  expect(touched[1]).toEqual(touched[0]);
  expect(touched[2]).toEqual(touched[0]);
  const columns = (touched[0] as number[]).map((i) => i % size);
  const rows = (touched[0] as number[]).map((i) => Math.floor(i / size));
  const area = (Math.max(...columns) - Math.min(...columns) + 1) * (Math.max(...rows) - Math.min(...rows) + 1);
  expect((touched[0] as number[]).length).toBe(area);
  expect(area / size ** 2).toBeGreaterThan(0.01);
  expect(area / size ** 2).toBeLessThan(0.4);
});

describe('mixBatch', () => {
  const batch = 3;
  const size = 8;
  const make = () => {
    const length = 2 * size * size * 3;
    const pixels = new Float32Array(batch * length);
    for (let i = 0; i < batch; i++) pixels.fill(i, i * length, (i + 1) * length);
    const targets = Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    return { pixels, targets, batch, size };
  };

  it.each([
    ['mixup', { cutmix: 0 }],
    ['cutmix', { mixup: 0 }],
  ])('%s mixes targets by the share of pixels', (_, options) => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const mixed = make();
        mixBatch(mixed, randomFrom(seed), options);
        const length = mixed.pixels.length / batch;
        for (let i = 0; i < batch; i++) {
          const mean =
            mixed.pixels.subarray(i * length, (i + 1) * length).reduce((sum, value) => sum + value, 0) / length;
          const own = mixed.targets[i * 3 + i] as number;
          const partner = mixed.targets[i * 3 + (batch - 1 - i)] as number;
          expect(i === 1 ? own : own + partner).toBeCloseTo(1, 5);
          if (i !== 1) expect(mean).toBeCloseTo(own * i + partner * (batch - 1 - i), 4);
        }
      }),
    );
  });

  it('draws mixup shares of Beta(α, α): mean ½ and variance 1/(4(2α + 1))', () => {
    const shares = Array.from({ length: 4000 }, (_, seed) => {
      const mixed = make();
      mixBatch({ ...mixed, pixels: new Float32Array(3) }, randomFrom(seed), { cutmix: 0, mixup: 0.8 });
      return mixed.targets[0] as number;
    });
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1 / (4 * 2.6))).toBeLessThan(0.008);
  });

  it('leaves the batch alone with probability 0, or both off', () => {
    for (const options of [{ probability: 0 }, { mixup: 0, cutmix: 0 }]) {
      const mixed = make();
      mixBatch(mixed, randomFrom(1), options);
      expect(mixed).toEqual(make());
    }
  });
});

describe('samples', () => {
  const size = { width: 12, height: 10 };
  const pixels = Uint8Array.from([...picture(12, 10, 1), ...picture(12, 10, 2), ...picture(12, 10, 3)]);
  const info = { frames: 30, fps: 10, ...size };
  const clip = storedInMemory({ info, indices: [4, 9, 20], size }, pixels);
  const options = { size: 10, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] };

  it('normalises channel by channel', async () => {
    const window = { x: 1, y: 0, width: 10, height: 10 };
    const sample = await plainSample(clip, [9, 20, 20], window, options);
    const at = (frame: number, x: number, y: number, c: number) => sample[((frame * 10 + y) * 10 + x) * 3 + c];
    for (const [frame, stored] of [
      [0, 1],
      [1, 2],
      [2, 2],
    ] as const)
      for (const c of [0, 1, 2]) {
        const value = pixels[stored * 360 + (6 * 12 + 3 + 1) * 3 + c] as number;
        expect(at(frame, 3, 6, c)).toBeCloseTo(
          (value / 255 - (options.mean[c] as number)) / (options.std[c] as number),
          4,
        );
      }
  });

  it('keeps the draws of one change when another is switched on', async () => {
    const random = (purpose: string) => randomFrom(3, purpose);
    const whole = squareWindow(size);
    const plain = await augmentedSample(clip, [4, 9], whole, random, {}, options);
    const erased = await augmentedSample(clip, [4, 9], whole, random, { erase: { probability: 1 } }, options);
    const same = plain.filter((value, i) => value === erased[i]).length / plain.length;
    expect(same).toBeGreaterThan(0.5);
    expect(same).toBeLessThan(1);
  });

  it('mirrors with flip 1, and never with flip 0', async () => {
    const random = (purpose: string) => randomFrom(3, purpose);
    const whole = squareWindow(size);
    const [as, mirrored] = await Promise.all(
      [0, 1].map((flip) => augmentedSample(clip, [4], whole, random, { crop: false, flip }, options)),
    );
    expect(as).toEqual(await plainSample(clip, [4], whole, options));
    for (const [x, y] of [
      [0, 0],
      [3, 7],
    ] as const)
      expect(mirrored?.[(y * 10 + x) * 3]).toBe(as?.[(y * 10 + 9 - x) * 3]);
  });
});
