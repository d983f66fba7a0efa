/** Pictures and folders for tests, encoded by sharp. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll } from 'vitest';

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dr2net-detection-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Writes files by their paths below a new folder below `root`; gives its path. */
export function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(root, 'set-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** A picture whose pixel (x, y) is red x·5, green y·7, blue 90 (modulo 256). */
export function gradient(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++, at += 3) rgb.set([x * 5, y * 7, 90], at);
  return rgb;
}

export const fromRgb = (rgb: Uint8Array, width: number, height: number): Sharp =>
  sharp(rgb, { raw: { width, height, channels: 3 } });

/** A gradient as PNG. */
export const png = (width: number, height: number): Promise<Uint8Array> =>
  fromRgb(gradient(width, height), width, height).png().toBuffer();

/** A gradient as JPEG, with this orientation in its EXIF. */
export const jpeg = (width: number, height: number, orientation?: number): Promise<Uint8Array> => {
  const picture = fromRgb(gradient(width, height), width, height);
  return (orientation ? picture.withMetadata({ orientation }) : picture).jpeg({ quality: 100 }).toBuffer();
};

/** A file as a browser hands it over. */
export const chosen = (path: string, content: string | Uint8Array) => ({
  path,
  file: new File([typeof content === 'string' ? content : new Uint8Array(content)], path),
});
