/** Images with boxes as a user of a page chooses them: decoded by the browser, upright, as batches. */
import { boxesToImage, detectionSource, readDetections, readImage } from '@dr2net/detection';
import { memory } from '@tensorflow/tfjs-core';
import { assert, type Check } from './check.ts';

/** 48 × 32, red on the left half, blue on the right one, as the browser encodes it. */
async function halves(type: string): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(48, 32);
  const context = canvas.getContext('2d');
  assert(context !== null, 'this browser gives no 2-D canvas');
  for (const [x, colour] of [
    [0, 'red'],
    [24, 'blue'],
  ] as const) {
    context.fillStyle = colour;
    context.fillRect(x, 0, 24, 32);
  }
  return new Uint8Array(await (await canvas.convertToBlob({ type, quality: 1 })).arrayBuffer());
}

/** A JPEG with EXIF that says: turn by 90° clockwise. */
function turned(jpeg: Uint8Array): Uint8Array<ArrayBuffer> {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
  const exif = [...new TextEncoder().encode('Exif\0\0'), ...tiff];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2, ...exif, ...jpeg.subarray(2)]);
}

const decoded = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
/** 8 × 8 of red 200, green 100, blue 50: as a CMYK JPEG, and as a PNG of 16 bits a channel. */
const cmyk = decoded(
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAkHCP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZAEsAAD8AVNKhvtpv/9k=',
);
const sixteenBit = decoded(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIEAIAAAAb/fWfAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAGElEQVQYlWM4wZDCYMRAPMkwqoGBBqEEAHo1V4GKyrdfAAAAAElFTkSuQmCC',
);

function near(pixels: Uint8Array, at: number, expected: readonly number[], tolerance: number, what: string): void {
  const found = [...pixels.subarray(at, at + 3)];
  const off = found.some((value, c) => Math.abs(value - (expected[c] as number)) > tolerance);
  assert(!off, `${what} is ${found.join(', ')} instead of ${expected.join(', ')}`);
}

const read = (bytes: Uint8Array<ArrayBuffer>, id: string) => readImage({ id, file: new Blob([bytes]) });

async function rejection(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return String(error);
  }
  return 'no error';
}

export const detectionChecks: readonly Check[] = [
  {
    name: 'pictures are decoded: JPEG, PNG, WebP, turned ones, CMYK and 16 bits; cut ones are refused',
    async run() {
      for (const type of ['image/jpeg', 'image/png', 'image/webp']) {
        const bytes = await halves(type);
        const { width, height, pixels } = await read(bytes, type);
        assert(width === 48 && height === 32, `${type} is ${width} × ${height}`);
        near(pixels, 0, [255, 0, 0], 8, `${type}, upper left`);
        near(pixels, 3 * (48 * 32 - 1), [0, 0, 255], 8, `${type}, lower right`);
        const error = await rejection(read(bytes.slice(0, -20), type));
        assert(error.includes('the file is truncated'), `${type}, cut: ${error}`);
      }
      const side = turned(await halves('image/jpeg'));
      const upright = await read(side, 'turned');
      assert(upright.width === 32 && upright.height === 48, `turned is ${upright.width} × ${upright.height}`);
      near(upright.pixels, 3 * 31, [255, 0, 0], 8, 'turned, upper right');
      near(upright.pixels, 3 * 32 * 47, [0, 0, 255], 8, 'turned, lower left');
      const stored = await readImage({ id: 'stored', file: new Blob([side]), width: 48, height: 32 });
      near(stored.pixels, 3 * 47, [0, 0, 255], 8, 'stored, upper right');
      near((await read(cmyk, 'CMYK')).pixels, 0, [200, 100, 50], 40, 'CMYK');
      const sixteen = await read(sixteenBit, '16 bits');
      near(sixteen.pixels, 0, [200, 100, 50], 2, '16 bits');
      assert(sixteen.conversions.join() === '16 bits a channel, reduced to 8', sixteen.conversions.join());
    },
  },
  {
    name: 'images with boxes that were chosen become batches, and boxes lead home',
    async run() {
      const tensors = memory().numTensors;
      const files = [
        { path: 'set/data.yaml', file: new File(['names: [red, blue]'], 'data.yaml') },
        { path: 'set/images/a.jpg', file: new File([await halves('image/jpeg')], 'a.jpg') },
        { path: 'set/labels/a.txt', file: new File(['0 0.25 0.5 0.5 1\n1 0.75 0.5 0.5 1\n'], 'a.txt') },
      ];
      const dataset = await readDetections(files);
      const source = detectionSource(dataset, {
        size: [24, 24],
        batch: 1,
        training: false,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      });
      for await (const batch of source.epoch({ seed: 0, epoch: 0 })) {
        const pixels = await batch.pixels.data();
        const [used, targets] = [batch.used[0], batch.targets[0]];
        assert(used?.width === 24 && used.height === 16, `used is ${used?.width} × ${used?.height}`);
        assert(targets?.labels.join() === '0,1', `labels are ${targets?.labels.join()}`);
        const rgb = Uint8Array.from(pixels, (value) => Math.round(255 * value));
        near(rgb, 3 * (24 * 8 + 4), [255, 0, 0], 10, 'the left half');
        near(rgb, 3 * (24 * 8 + 20), [0, 0, 255], 10, 'the right half');
        near(rgb, 3 * (24 * 20), [0, 0, 0], 0, 'below the picture');
        const [placement, original] = [batch.placements[0], batch.originals[0]];
        assert(placement !== undefined && original !== undefined, 'no way home');
        const home = boxesToImage(targets.boxes, batch.canvas, placement, original);
        const wanted = [0, 0, 24, 32, 24, 0, 48, 32];
        assert(
          home.every((value, i) => Math.abs(value - (wanted[i] as number)) < 1e-4),
          `boxes are ${home.join(', ')}`,
        );
        batch.dispose();
      }
      assert(memory().numTensors === tensors, `${memory().numTensors - tensors} tensors are left`);
    },
  },
];
