/** What a user with images and boxes can get wrong: each is told by image, annotation and remedy. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { startBackend } from '@dr2net/backends';
import { readImage } from '@dr2net/detection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveTinyModel, temporaryFolder, writeTinyClips } from './fixtures.ts';
import { run } from './run.ts';
import { detectionFolder, height, object, squareImages, squaresOf, width, xml } from './squares.ts';

const folder = temporaryFolder('detection-bad-input');
const { at, put, writeSquares, finetune: finetuneOn } = detectionFolder(folder.path);
const finetune = (out: string, ...options: string[]) => finetuneOn('squares', out, ...options);

/** A grey PNG of 16 bits a channel. */
function deepPng(): Uint8Array {
  const chunk = (name: string, data: Uint8Array) => {
    const bytes = Buffer.alloc(12 + data.length);
    bytes.writeUInt32BE(data.length, 0);
    bytes.write(name, 4, 'latin1');
    bytes.set(data, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
    return bytes;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + 6 * width), 128);
  for (let y = 0; y < height; y++) rows[y * (1 + 6 * width)] = 0;
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** 8 × 8 of red 200, green 100, blue 50, as a CMYK JPEG. */
const cmykJpeg = Buffer.from(
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAkHCP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZAEsAAD8AVNKhvtpv/9k=',
  'base64',
);

beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(at('model'));
  await writeSquares('squares');
  await finetune('first', '--steps', '1');
});
afterAll(() => folder.remove());

describe('data', () => {
  const bad = (name: string, ...boxes: string[]) => writeSquares(name, { a: xml(boxes.join('')) });
  const box = (xmin: number, ymin: number, xmax: number, ymax: number, name = 'dark') =>
    `<object><name>${name}</name><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`;

  /** Refused before anything is written, in one line. */
  async function refused(data: string, message: RegExp, ...options: string[]): Promise<void> {
    const { code, stderr, json } = await finetuneOn(data, `out-${data}`, '--steps', '1', ...options);
    expect(stderr).toMatch(message);
    expect([code, existsSync(at(`out-${data}`, 'metrics.jsonl'))]).toEqual([2, false]);
    expect(json.error).toMatchObject({ exitCode: 2 });
    expect(stderr).not.toMatch(/\n {4}at /);
  }

  it('boxes without area and outside are dropped, counted and named', async () => {
    await bad('dropped', box(5, 5, 20, 20), box(9, 9, 9, 9), box(900, 5, 950, 20));
    const { code, stderr, json } = await finetuneOn('dropped', 'out-dropped', '--steps', '1');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('1 box has no area and was dropped: Annotations/a.xml: object 2 (dark).');
    expect(stderr).toContain('1 box is outside of its image and was dropped: Annotations/a.xml: object 3 (dark).');
    expect(json.droppedBoxes).toEqual({ training: 2, validation: 0 });
  });

  it('reversed boxes are refused by image and annotation, or skipped', async () => {
    await bad('reversed', box(20, 5, 5, 20));
    await refused('reversed', /a\.xml: object 1.* is reversed.*--on-bad-box skip/);
    const { code, stderr } = await finetuneOn('reversed', 'skipped', '--steps', '1', '--on-bad-box', 'skip');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('1 box cannot be meant as it is and was dropped');
  });

  it('unknown classes are refused, with the nearest', async () => {
    await bad('unknown', box(5, 5, 20, 20, 'drak'));
    await refused(
      'unknown',
      /a\.xml: object 1.*"drak" is no class; did you mean "dark".*--exclude.*--on-bad-box skip/,
      '--classes',
      'dark,light',
    );
  });

  it('images that are missing, cut, or of another size are refused by name, or skipped', async () => {
    await writeSquares('missing', { a: xml(object(squaresOf(0)[0]!)) });
    put('missing/Annotations/ghost.xml', xml(object(squaresOf(0)[0]!)));
    put('missing/ImageSets/Main/train.txt', 'a\nb\nghost\n');
    await refused('missing', /ghost.*--on-missing-image skip/);
    await writeSquares('cut');
    put('cut/JPEGImages/b.jpg', readFileSync(at('cut/JPEGImages/b.jpg')).subarray(0, 500));
    await refused('cut', /b\.jpg: .*--on-bad-image skip/);
    const { code, stderr, json } = await finetuneOn('cut', 'cut-skipped', '--steps', '1', '--on-bad-image', 'skip');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('1 of 4 images are skipped.');
    expect(json.skippedImages).toBe(1);
    await writeSquares('resized', { a: xml(object(squaresOf(0)[0]!), '<width>128</width><height>96</height>') });
    await refused('resized', /a\.jpg: it is 64 × 48 pixels, but was annotated as 128 × 96/);
  });

  it('pictures of 16 bits and CMYK ones are converted, which is told, in training, evaluation and prediction', async () => {
    await writeSquares('odd-pictures');
    for (const name of ['c', 'd', 'e', 'f']) rmSync(at(`odd-pictures/JPEGImages/${name}.jpg`));
    const inks = xml(object({ name: 'dark', x: 1, y: 2, side: 5 }), '<width>8</width><height>8</height>');
    for (const name of ['c', 'e']) put(`odd-pictures/JPEGImages/${name}.png`, deepPng());
    for (const name of ['d', 'f']) {
      put(`odd-pictures/JPEGImages/${name}.jpg`, cmykJpeg);
      put(`odd-pictures/Annotations/${name}.xml`, inks);
    }
    const told = (stderr: string, deep: string, cmyk: string) => {
      expect(stderr).toContain(`1 image is 16 bits a channel, reduced to 8: ${deep}.`);
      expect(stderr).toMatch(new RegExp(`1 image is CMYK.*: ${cmyk.replaceAll('.', '\\.')}\\.`));
    };
    const trained = await finetuneOn('odd-pictures', 'out-inks', '--steps', '2');
    expect(trained.code, trained.stderr).toBe(0);
    told(trained.stderr, 'JPEGImages/c.png', 'JPEGImages/d.jpg');
    told(trained.stderr, 'JPEGImages/e.png', 'JPEGImages/f.jpg');
    const model = ['--model', at('out-inks', 'model'), '--backend', 'wasm'];
    const evaluated = await run('evaluate', ...model, '--data', at('odd-pictures'));
    expect(evaluated.code, evaluated.stderr).toBe(0);
    told(evaluated.stderr, 'JPEGImages/e.png', 'JPEGImages/f.jpg');
    const files = ['e.png', 'f.jpg'].map((name) => at('odd-pictures/JPEGImages', name));
    const found = await run('predict', ...model, ...files, '--pictures', at('odd-drawn'), '--threshold', '1');
    expect(found.code, found.stderr).toBe(0);
    told(found.stderr, files[0] as string, files[1] as string);
    // As it is drawn; printing inks do not have every colour.
    const { pixels } = await readImage({ id: 'f', file: at('odd-drawn/f.boxes.jpg') });
    for (const [c, value] of [200, 100, 50].entries())
      expect(Math.abs((pixels[3 * 9 + c] as number) - value)).toBeLessThan(40);
  });

  it('an image without boxes trains; a set without any is refused', async () => {
    await bad('empty-image');
    const { code, stderr } = await finetuneOn('empty-image', 'out-empty-image', '--steps', '2');
    expect(code, stderr).toBe(0);
    await writeSquares('empty', Object.fromEntries(Object.keys(squareImages).map((name) => [name, xml('')])));
    await refused('empty', /has (a box|no class)/);
  });

  it('more objects than detections are refused before the first step', async () => {
    await bad('full', ...Array.from({ length: 7 }, (_, i) => box(1 + i, 5, 20 + i, 20)));
    await refused('full', /JPEGImages\/a\.jpg has 7 objects, and the detector finds 6.*--detections 7 or more/);
  });

  it('JSON that is not COCO is refused with the path of the first wrong field', async () => {
    put('odd/boxes.json', JSON.stringify({ images: [{ id: 1, file_name: 'a.jpg', width, height }], annotations: 3 }));
    await refused('odd', /boxes\.json.*(categories|annotations)/);
    const image = { id: 1, file_name: 'a.jpg', width, height };
    const twice = { images: [image, image], annotations: [], categories: [{ id: 1, name: 'dark' }] };
    put('twice/boxes.json', JSON.stringify(twice));
    await refused('twice', /images\[1\].*1/);
  });

  it.each([
    [['--budget', '1MB'], /Nothing fits 1.00 MB: the leanest setting .* a smaller size, fewer detections/],
    [['--budget', 'much'], /"much" is no size/],
    [['--label-smoothing', '0.1'], /--label-smoothing 0.1/],
    [['--dropout', '0.1'], /--dropout 0.1/],
    [['--empty-weight', '-1'], /--empty-weight.*Give a number that is 0 or more/],
    [['--points', '64'], /--points belongs to the task pointcloud, but this is detection/],
    [['--cache', 'x'], /--cache belongs to the tasks video and pointcloud, but this is detection/],
    [['--size', '50x64'], /--size 50×64 does not fit.*multiple of the patch size 16/],
    [['--size', '50x'], /Give pixels, such as 224, or height and width/],
    [['--train-split', 'trian'], /no list ImageSets\/Main\/trian\.txt; there are train, val/],
    [['--train-split', 'val'], /trained on and validates too/],
    [['--head', 'checkpoint'], /is no detector/],
  ])('%j', async (options, message) => {
    const { code, stderr } = await finetune(
      `option-${options.join('')}`.replaceAll(/[^\w-]/g, ''),
      '--steps',
      '1',
      ...options,
    );
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('options of detection with other tasks', async () => {
    await writeTinyClips(at('clips'));
    const clips = ['finetune', '--model', at('model'), '--data', at('clips'), '--out', at('clip-run'), '--frames', '4'];
    expect((await run(...clips, '--detections', '9')).stderr).toContain(
      'belongs to the task detection, but this is video',
    );
    expect((await run(...clips, '--size', '32x48')).stderr).toContain('--size 32x48');
    expect((await run('plan', at('model'), '--detections', '9')).stderr).toContain('belongs to the task detection');
    expect((await run('gradcheck', '--model', at('model'), '--size', '32x48')).stderr).toContain('--size 32x48');
  });

  it('evaluate and predict: classes of its own, files that are no images', async () => {
    const model = ['--model', at('first', 'model'), '--backend', 'wasm'];
    const named = await run('evaluate', ...model, '--data', at('squares'), '--classes', 'dark');
    expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('on its own classes (dark, light)')]);
    const text = await run('predict', ...model, at('squares/Annotations/a.xml'));
    expect([text.code, text.stderr]).toEqual([2, expect.stringContaining('is no image that can be read')]);
    const nothing = await run('predict', ...model, at('squares/Annotations'));
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('has no image')]);
  });
});
