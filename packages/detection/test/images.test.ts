/** Headers and pixels of JPEG, PNG and WebP, against sharp's own reading; what is converted, and what is refused. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageHeader, readHeader } from '../src/image/header.ts';
import { jpegIsWhole } from '../src/image/jpeg.ts';
import { pngIsWhole } from '../src/image/png.ts';
import { webpIsWhole } from '../src/image/webp.ts';
import { readImage } from '../src/node.ts';
import { chosen, fromRgb, gradient, jpeg, png, temporaryFolder, writeFiles } from './pictures.ts';

const picture = () => fromRgb(gradient(37, 21), 37, 21);
const file = (content: Uint8Array, name = 'a.jpg') => ({ id: name, file: chosen(name, content).file });

const encodings: Record<string, () => Promise<Uint8Array>> = {
  'baseline JPEG': () => picture().jpeg().toBuffer(),
  'progressive JPEG': () => picture().jpeg({ progressive: true }).toBuffer(),
  'grey JPEG': () => picture().greyscale().jpeg().toBuffer(),
  PNG: () => picture().png().toBuffer(),
  'palette PNG': () => picture().png({ palette: true }).toBuffer(),
  'lossy WebP': () => picture().webp().toBuffer(),
  'lossless WebP': () => picture().webp({ lossless: true }).toBuffer(),
  'lossy WebP with alpha': () => picture().ensureAlpha(0.5).webp().toBuffer(),
};

describe('headers', () => {
  it.each(Object.entries(encodings))('of a %s', async (name, encode) => {
    const bytes = await encode();
    const { width, height } = await sharp(bytes).metadata();
    expect(imageHeader('a', bytes)).toMatchObject({ width, height, orientation: 1, cmyk: false, sixteenBit: false });
    expect(imageHeader('a', bytes).alpha).toBe(name.endsWith('alpha'));
    const whole = { jpeg: jpegIsWhole, png: pngIsWhole, webp: webpIsWhole }[imageHeader('a', bytes).format];
    expect(whole(bytes)).toBe(true);
    // Behind the end may be anything.
    expect(whole(Buffer.concat([bytes, Buffer.from('more')]))).toBe(true);
    for (const share of [0.5, 0.9, 0.99])
      expect(whole(bytes.subarray(0, Math.floor(bytes.length * share)))).toBe(false);
  });

  it.each(['jpeg', 'png', 'webp'] as const)('with an orientation: %s', async (format) => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const bytes = await picture().withMetadata({ orientation }).toFormat(format).toBuffer();
      expect((await sharp(bytes).metadata()).orientation).toBe(orientation);
      expect(imageHeader('a', bytes)).toMatchObject({ width: 37, height: 21, orientation });
    }
  });

  it('that are cut anywhere are refused, not misread', async () => {
    for (const encode of [() => jpeg(37, 21, 6), ...Object.values(encodings)]) {
      const bytes = await encode();
      const { width, height } = imageHeader('a', bytes);
      for (let length = 0; length < Math.min(bytes.length, 700); length++) {
        try {
          expect(imageHeader('cut', bytes.subarray(0, length))).toMatchObject({ width, height });
        } catch (error) {
          expect(String(error)).toMatch(
            /BadImageError: cut: (it ends within its header|the file is empty|its content is none)/,
          );
        }
      }
    }
  });

  it('are read from the beginning of a file, and from all of it where there is much before the size', async () => {
    const bytes = await jpeg(37, 21);
    const lengths: (number | undefined)[] = [];
    const read = async (content: Uint8Array, first?: number) => {
      lengths.push(first);
      return content.subarray(0, first);
    };
    const size = { width: 37, height: 21 };
    const blob = new Blob([]);
    expect(await readHeader(blob, 'a', (_, __, first) => read(bytes, first))).toMatchObject(size);
    // Three segments of 65,000 bytes of something.
    const segment = Buffer.concat([Buffer.from([0xff, 0xee, 0xfd, 0xe8]), Buffer.alloc(64_998)]);
    const long = Buffer.concat([bytes.subarray(0, 2), segment, segment, segment, bytes.subarray(2)]);
    expect(await readHeader(blob, 'a', (_, __, first) => read(long, first))).toMatchObject(size);
    expect(lengths).toEqual([65536, 65536, undefined]);
  });
});

describe('pixels', () => {
  it('of lossless files are those that were written', async () => {
    for (const name of ['PNG', 'lossless WebP']) {
      const loaded = await readImage(file(await (encodings[name] as () => Promise<Uint8Array>)()));
      expect(loaded).toMatchObject({ width: 37, height: 21, original: { width: 37, height: 21 }, conversions: [] });
      expect(loaded.pixels).toEqual(gradient(37, 21));
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('stand upright: orientation %i', async (orientation) => {
    const bytes = await picture().withMetadata({ orientation }).png().toBuffer();
    const upright = await sharp(bytes).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const loaded = await readImage(file(bytes));
    expect([loaded.width, loaded.height]).toEqual([upright.info.width, upright.info.height]);
    expect(Buffer.from(loaded.pixels).equals(upright.data)).toBe(true);
    expect(loaded.conversions).toEqual([]);
  });

  it('are left as stored where only that has the annotated size', async () => {
    const bytes = await picture().withMetadata({ orientation: 6 }).png().toBuffer();
    const stored = await readImage({ ...file(bytes), width: 37, height: 21 });
    expect(stored.pixels).toEqual(gradient(37, 21));
    expect(stored.conversions).toEqual(['turned by EXIF, but annotated as stored, and left so']);
    const upright = await readImage({ ...file(bytes), width: 21, height: 37 });
    expect([upright.width, upright.conversions]).toEqual([21, []]);
  });

  it('of CMYK, of 16 bits, with transparency and of grey become RGB of 8 bits, and say so', async () => {
    const colour = { r: 200, g: 100, b: 50 };
    const plain = () => sharp({ create: { width: 8, height: 6, channels: 3, background: colour } });
    const near = (pixels: Uint8Array, expected: readonly number[], tolerance: number) => {
      expect(pixels.length).toBe(8 * 6 * 3);
      for (const [i, value] of pixels.entries())
        expect(Math.abs(value - (expected[i % 3] as number))).toBeLessThanOrEqual(tolerance);
    };
    const cmyk = await readImage(file(await plain().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer()));
    // Printing inks do not have every colour.
    near(cmyk.pixels, [200, 100, 50], 40);
    expect(cmyk.conversions).toEqual(['CMYK, converted to RGB']);
    const sixteen = await readImage(file(await plain().toColourspace('rgb16').png().toBuffer()));
    near(sixteen.pixels, [200, 100, 50], 1);
    expect(sixteen.conversions).toEqual(['16 bits a channel, reduced to 8']);
    const clear = await readImage(file(await plain().ensureAlpha(0.5).webp({ lossless: true }).toBuffer()));
    near(clear.pixels, [227, 177, 152], 1);
    expect(clear.conversions).toEqual(['transparent, shown on white']);
    const grey = await readImage(
      file(
        await sharp({ create: { width: 8, height: 6, channels: 3, background: { r: 77, g: 77, b: 77 } } })
          .greyscale()
          .png()
          .toBuffer(),
      ),
    );
    near(grey.pixels, [77, 77, 77], 0);
    expect(grey.conversions).toEqual([]);
  });
});

describe('refuses', () => {
  it('files that are cut, wherever', async () => {
    for (const [name, encode] of Object.entries(encodings)) {
      const bytes = await encode();
      await expect(readImage(file(bytes.subarray(0, bytes.length - 12), name))).rejects.toThrow(
        `${name}: the picture has no end: the file is truncated. Copy it again.`,
      );
    }
    await expect(readImage(file(new Uint8Array(0)))).rejects.toThrow('a.jpg: the file is empty. Copy it again.');
    await expect(readImage(file((await jpeg(9, 9)).subarray(0, 100)))).rejects.toThrow('ends within its header');
  });

  it('files that are damaged within', async () => {
    const bytes = Buffer.from(await png(60, 40));
    bytes.fill(0x55, 60, bytes.length - 40);
    await expect(readImage(file(bytes, 'b.png'))).rejects.toThrow(
      /b.png: it cannot be decoded \(.+\). Copy it again, or leave it out./,
    );
  });

  it('other formats, missing files, and pictures of another size than annotated', async () => {
    await expect(readImage(file(await picture().tiff().toBuffer()))).rejects.toThrow(
      /a.jpg: its content is none of JPEG, PNG and WebP/,
    );
    const folder = writeFiles(temporaryFolder(), {});
    await expect(readImage({ id: 'c.jpg', file: `${folder}/c.jpg` })).rejects.toThrow(
      /c.jpg: the file cannot be opened \(ENOENT.*Check the path/,
    );
    await expect(readImage({ ...file(await jpeg(37, 21)), width: 74, height: 42 })).rejects.toThrow(
      'a.jpg: it is 37 × 21 pixels, but was annotated as 74 × 42. Use the images that were annotated, or scale the annotations with them.',
    );
  });
});
