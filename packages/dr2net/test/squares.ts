/** A tiny data set of images with boxes, made anew: dark and light squares on grey, in Pascal VOC's format. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type LoadedImage, pictureJpeg } from '@dr2net/detection';
import { randomFrom } from '@dr2net/models';
import { run } from './run.ts';

/** Pixels of an image. */
export const [width, height] = [64, 48];

/** The images by name, and the split of each. */
export const squareImages = { a: 'train', b: 'train', c: 'train', d: 'train', e: 'val', f: 'val' };

export interface Square {
  readonly name: 'dark' | 'light';
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** A grey picture with squares in it. */
function picture(squares: readonly Square[]): Promise<Uint8Array> {
  const pixels = new Uint8Array(width * height * 3).fill(128);
  for (const { name, x, y, side } of squares)
    for (let row = y; row < y + side; row++)
      pixels.fill(name === 'dark' ? 10 : 245, 3 * (row * width + x), 3 * (row * width + x + side));
  const image: LoadedImage = { width, height, pixels, original: { width, height }, conversions: [] };
  return pictureJpeg(image);
}

export const object = ({ name, x, y, side }: Square) =>
  `<object><name>${name}</name><bndbox><xmin>${x + 1}</xmin><ymin>${y + 1}</ymin><xmax>${x + side}</xmax><ymax>${y + side}</ymax></bndbox></object>`;
export const xml = (objects: string, size = `<width>${width}</width><height>${height}</height>`) =>
  `<annotation><size>${size}<depth>3</depth></size>${objects}</annotation>`;

export function squaresOf(seed: number): Square[] {
  const random = randomFrom(seed, 'squares');
  const square = (name: Square['name'], left: number): Square => ({
    name,
    x: left + Math.floor(8 * random()),
    y: 2 + Math.floor(20 * random()),
    side: 14 + Math.floor(8 * random()),
  });
  return [square('dark', 0), square('light', 32)];
}

/** Files and runs in one temporary folder, whose model is in `model`. */
export function detectionFolder(path: string) {
  const at = (...parts: string[]) => join(path, ...parts);
  function put(file: string, content: string | Uint8Array): void {
    mkdirSync(dirname(at(file)), { recursive: true });
    writeFileSync(at(file), content);
  }
  return {
    at,
    put,
    /** A data set. @param replaced annotations in place of the right ones, by image */
    async writeSquares(place: string, replaced: Readonly<Record<string, string>> = {}): Promise<void> {
      const splits = new Map<string, string[]>();
      for (const [i, [name, split]] of Object.entries(squareImages).entries()) {
        const squares = squaresOf(i);
        put(`${place}/JPEGImages/${name}.jpg`, await picture(squares));
        put(`${place}/Annotations/${name}.xml`, replaced[name] ?? xml(squares.map(object).join('')));
        splits.set(split, [...(splits.get(split) ?? []), name]);
      }
      for (const [split, names] of splits) put(`${place}/ImageSets/Main/${split}.txt`, names.join('\n'));
    },
    finetune: (data: string, out: string, ...options: string[]) =>
      run(
        ...['finetune', '--task', 'detection', '--model', at('model'), '--data', at(data), '--out', at(out)],
        ...['--size', '48x64', '--detections', '6', '--batch', '2', '--backend', 'wasm'],
        ...['--lr', '3e-3', '--layer-decay', '1', '--json', ...options],
      ),
  };
}
