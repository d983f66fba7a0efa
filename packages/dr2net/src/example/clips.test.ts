import { expect, it } from 'vitest';
import { exampleClips } from './clips.ts';
import { drawGlyph, glyphSize } from './glyph.ts';
import { motions } from './motion.ts';

async function pixelsOf({ dataset, reader }: ReturnType<typeof exampleClips>, index: number, size: number) {
  const open = await reader.open(dataset.clips[index]!);
  const { frames } = open.info;
  return open.read(
    Array.from({ length: frames }, (_, i) => i),
    { width: size, height: size },
  );
}
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0);

it('has 60 and 20 clips a class, in the order of a folder of class folders', () => {
  const [train, val] = [exampleClips('train').dataset, exampleClips('val').dataset];
  expect(train.labels).toEqual([...motions].sort());
  expect(val.labels).toEqual(train.labels);
  for (const [dataset, each] of [
    [train, 60],
    [val, 20],
  ] as const) {
    const counts = dataset.labels.map((_, label) => dataset.clips.filter((clip) => clip.label === label).length);
    expect(counts).toEqual(dataset.labels.map(() => each));
    expect(new Set(dataset.clips.map(({ id }) => id)).size).toBe(dataset.clips.length);
  }
  expect(train.clips[0]).toMatchObject({ id: 'train/down/0', label: 0 });
});

it('draws these bytes on every machine', async () => {
  expect(sum(await pixelsOf(exampleClips('train'), 0, 32))).toMatchInlineSnapshot(`2964517`);
  expect(sum(await pixelsOf(exampleClips('val'), 159, 32))).toMatchInlineSnapshot(`3111624`);
});

it('reads single frames, and other sizes of the same picture', async () => {
  const clips = exampleClips('val');
  const all = await pixelsOf(clips, 3, 32);
  const open = await clips.reader.open(clips.dataset.clips[3]!);
  const third = await open.read([2], { width: 32, height: 32 });
  expect(Buffer.compare(third, all.subarray(2 * 32 * 32 * 3, 3 * 32 * 32 * 3))).toBe(0);
  const larger = await pixelsOf(clips, 3, 64);
  expect(larger.length).toBe(4 * all.length);
  expect(Math.abs(sum(larger) / larger.length - sum(all) / all.length)).toBeLessThan(1);
});

it('reads no clips of others', async () => {
  const { reader } = exampleClips('train');
  await expect(reader.open({ id: 'val/left/0', file: 'val/left/0' })).rejects.toThrow(/no clip val\/left\/0/);
});

it('draws a glyph of ink and paper, another for another seed', () => {
  const glyphs = Array.from({ length: 50 }, (_, i) => drawGlyph([i]));
  expect(new Set(glyphs.map(String)).size).toBe(50);
  for (const glyph of glyphs) {
    expect(glyph.length).toBe(glyphSize * glyphSize);
    expect(glyph.every((grey) => grey >= 0 && grey <= 1)).toBe(true);
    const ink = glyph.reduce((total, grey) => total + grey, 0) / glyph.length;
    expect(ink).toBeGreaterThan(0.05);
    expect(ink).toBeLessThan(0.9);
  }
});
