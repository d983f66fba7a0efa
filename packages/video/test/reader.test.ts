/** Readers on generated clips, on real ones where they are present, and on broken ones. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedPath } from '@dr2net/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasFfmpeg } from '../src/node/ffmpeg.ts';
import { BadClipError, clipReader, NoDecoderError, writeClip } from '../src/node.ts';
import { height, level, numberedFrames, pixel, width, writeTurned } from './clips.ts';

const folder = mkdtempSync(join(tmpdir(), 'dr2net-reader-'));
const file = (name: string) => join(folder, name);
const clip = (name: string, part: { start?: number; end?: number } = {}) => ({ id: name, file: file(name), ...part });
const ffmpeg = await hasFfmpeg({ ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' });
if (!ffmpeg) console.warn('SKIPPED: tests of avi files, because there is no ffmpeg on the PATH.');
const decoders = ffmpeg ? (['webcodecs', 'ffmpeg'] as const) : (['webcodecs'] as const);

const size = { width, height };
// One reader each, as a program has: it looks for ffmpeg once, and probes a file once.
const readers = {
  auto: clipReader(),
  webcodecs: clipReader({ decoder: 'webcodecs' }),
  ffmpeg: clipReader({ decoder: 'ffmpeg' }),
};

beforeAll(async () => {
  await writeClip(file('a.mp4'), numberedFrames(30), { ...size, fps: 10 });
  await writeClip(file('a.webm'), numberedFrames(30), { ...size, fps: 10 });
  await writeClip(file('one.mp4'), numberedFrames(1), { ...size, fps: 10 });
  await writeTurned(file('turned.mp4'), 4, 90, (i) => i / 10);
  await writeTurned(file('uneven.mp4'), 12, 0, (i) => (i * i) / 100 + i / 50);
  writeFileSync(file('zero.mp4'), '');
  writeFileSync(file('text.mp4'), 'this is no film\n'.repeat(200));
  writeFileSync(file('points.txt'), '0.25 1.5 2\n'.repeat(200));
  writeFileSync(file('cut-early.mp4'), readFileSync(file('a.mp4')).subarray(0, 200));
  writeFileSync(
    file('cut-late.mp4'),
    readFileSync(file('a.mp4')).subarray(0, readFileSync(file('a.mp4')).length * 0.6),
  );
  if (ffmpeg) {
    const program = 'ffmpeg';
    const run = (...args: string[]) => execFileSync(program, ['-v', 'error', '-y', ...args]);
    run('-i', file('a.mp4'), '-c:v', 'mpeg4', '-q:v', '2', file('a.avi'));
    run('-i', file('a.mp4'), '-c:v', 'mpeg4', '-q:v', '2', file('old-codec.mp4'));
    run('-i', file('a.mp4'), '-vf', 'noise=alls=40:allf=t', '-c:v', 'mpeg4', '-q:v', '2', file('noisy.avi'));
    const noisy = readFileSync(file('noisy.avi'));
    writeFileSync(file('cut.avi'), noisy.subarray(0, noisy.length * 0.7));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The frame numbers that the grey levels of the left half tell. */
async function framesSeen(name: string, indices: number[], decoder: 'auto' | 'webcodecs' | 'ffmpeg', part = {}) {
  const open = await readers[decoder].open(clip(name, part));
  const half = { width: 32, height: 24 };
  const bytes = await open.read(indices, half);
  open.close();
  expect(bytes.length).toBe(indices.length * 32 * 24 * 3);
  return indices.map((_, i) => {
    const grey = pixel(bytes, half, i, 6, 12)[1] as number;
    const numbers = Array.from({ length: 40 }, (_, frame) => frame);
    return numbers.reduce(
      (best, frame) => (Math.abs(level(frame) - grey) < Math.abs(level(best) - grey) ? frame : best),
      0,
    );
  });
}

describe.each(decoders)('%s', (decoder) => {
  const names = decoder === 'ffmpeg' ? ['a.mp4', 'a.webm', 'a.avi'] : ['a.mp4', 'a.webm'];

  it.each(names)('counts and finds the frames of %s', async (name) => {
    const open = await readers[decoder].open(clip(name));
    expect(open.info).toMatchObject({ frames: 30, ...size });
    expect(open.info.fps).toBeCloseTo(10, 3);
    open.close();
    expect(await framesSeen(name, [0, 3, 4, 5, 17, 29], decoder)).toEqual([0, 3, 4, 5, 17, 29]);
    expect(await framesSeen(name, [29], decoder)).toEqual([29]);
  });

  it.each(names)('reads a part of %s', async (name) => {
    const open = await readers[decoder].open(clip(name, { start: 0.5, end: 1.2 }));
    expect(open.info.frames).toBe(7);
    expect(await framesSeen(name, [0, 6], decoder, { start: 0.5, end: 1.2 })).toEqual([5, 11]);
    const late = readers[decoder].open(clip(name, { start: 9 }));
    await expect(late).rejects.toThrow(/no frame between 9 and Infinity s; the file ends at 2.9/);
  });

  it('keeps every frame where frames have uneven times', async () => {
    const all = Array.from({ length: 12 }, (_, i) => i);
    expect(await framesSeen('uneven.mp4', all, decoder)).toEqual(all);
  });

  it('turns pictures upright', async () => {
    const open = await readers[decoder].open(clip('turned.mp4'));
    expect(open.info).toMatchObject({ frames: 4, width: height, height: width });
    const upright = { width: height, height: width };
    const bytes = await open.read([0], upright);
    open.close();
    // Turned clockwise, the grey left half is above, and of the right half (below) red stands right and blue left.
    const near = (actual: number[], expected: number[]) =>
      expect(Math.max(...actual.map((value, c) => Math.abs(value - (expected[c] as number))))).toBeLessThan(30);
    near(pixel(bytes, upright, 0, 24, 10), [30, 30, 30]);
    near(pixel(bytes, upright, 0, 10, 54), [20, 20, 200]);
    near(pixel(bytes, upright, 0, 38, 54), [200, 20, 20]);
  });
});

describe('broken clips are named, with the reason', () => {
  it.each([
    ['absent.mp4', 'missing', /absent.mp4: there is no file/],
    ['zero.mp4', 'empty', /zero.mp4: .*0 bytes/],
    ['text.mp4', 'unreadable', /text.mp4: /],
    ['one.mp4', 'one-frame', /one.mp4: one frame only/],
    ['cut-early.mp4', 'unreadable', /cut-early.mp4: /],
    ['cut-late.mp4', 'truncated', /cut-late.mp4: the file says it has 30 frames, but only \d+ can be read/],
    ...(ffmpeg
      ? ([
          ['cut.avi', 'truncated', /cut.avi: .*only \d+ can be read/],
          // ffmpeg draws the letters of any text.
          ['points.txt', 'unreadable', /points.txt: ffprobe finds no video in it \(it is text\)/],
        ] as const)
      : []),
  ] as const)('%s', async (name, reason, message) => {
    const without = /\.(avi|txt)$/.test(name) ? [] : [clipReader({ ffmpeg: 'no-such-program' })];
    for (const reader of [readers.auto, ...without]) {
      const error: unknown = await reader.open(clip(name)).catch((failure) => failure);
      expect(error).toBeInstanceOf(BadClipError);
      expect(error).toMatchObject({ clip: name, reason });
      expect((error as Error).message).toMatch(message);
    }
  });
});

it('names a clip whose pictures are damaged, once they are decoded', async () => {
  const damaged = readFileSync(file('a.mp4'));
  const start = damaged.indexOf('mdat') + 4;
  for (let i = start; i < damaged.length; i++) damaged[i] = (damaged[i] as number) ^ 0x5a;
  writeFileSync(file('damaged.mp4'), damaged);
  const open = await readers.webcodecs.open(clip('damaged.mp4'));
  const error: unknown = await open.read([0, 20], size).catch((failure) => failure);
  open.close();
  expect(error).toMatchObject({ name: 'BadClipError', clip: 'damaged.mp4', reason: 'unreadable' });
});

describe('where there is no ffmpeg', () => {
  afterAll(() => vi.unstubAllEnvs());

  it('says what needs it and how to get it, and reads what WebCodecs can', async () => {
    vi.stubEnv('PATH', '');
    writeFileSync(file('some.avi'), 'x');
    await expect(clipReader().open(clip('some.avi'))).rejects.toThrow(NoDecoderError);
    await expect(clipReader().open(clip('some.avi'))).rejects.toThrow(
      /some.avi: .*no ffmpeg.*PATH.*apt install ffmpeg/s,
    );
    await expect(clipReader().open(clip('text.mp4'))).rejects.toThrow(
      /text.mp4: the file is no mp4, .*whatever its name/,
    );
    if (ffmpeg) await expect(clipReader().open(clip('old-codec.mp4'))).rejects.toThrow(/no WebCodecs decoder.*ffmpeg/s);
    const open = await clipReader().open(clip('a.mp4'));
    expect(open.info.frames).toBe(30);
    open.close();
    vi.unstubAllEnvs();
  });
});

const samples = sharedPath('data/video-samples');
describe.skipIf(!samples)('real clips', () => {
  it.each([
    ['bigbuckbunny.mp4', 132, 1280, 720, 25],
    ['bikes.mp4', 250, 640, 272, 25],
    ['carphone_pristine.mp4', 120, 193, 144, 29.97],
  ] as const)('%s', async (name, frames, wide, high, fps) => {
    const whole = { id: name, file: join(samples as string, name) };
    const seen = await Promise.all(
      decoders.map(async (decoder) => {
        const open = await readers[decoder].open(whole);
        expect(open.info).toMatchObject({ frames, width: wide, height: high });
        expect(open.info.fps).toBeCloseTo(fps, 1);
        const bytes = await open.read([0, 7, 60, frames - 1], { width: 96, height: 64 });
        open.close();
        return bytes;
      }),
    );
    // The two scale and convert colours by different filters: alike, not equal.
    for (const other of seen.slice(1)) {
      const difference = other.reduce((sum, value, i) => sum + Math.abs(value - (seen[0]?.[i] as number)), 0);
      expect(difference / other.length).toBeLessThan(6);
    }
  });
});

const actions = sharedPath('data/ut-interaction');
describe.skipIf(!actions || !ffmpeg)('UT-Interaction', () => {
  it('has the frames that its table lists', async () => {
    const rows = readFileSync(join(actions as string, 'clips.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    for (const row of rows.filter((_, i) => i % 30 === 10)) {
      const [path, , , , , , frames, wide, high] = row.split(',') as string[];
      const open = await readers.auto.open({ id: path as string, file: join(actions as string, path as string) });
      expect(open.info).toMatchObject({ frames: Number(frames), width: Number(wide), height: Number(high) });
      open.close();
    }
  });
});
