/** A reader of clips that exist nowhere: the pixels are a function of (clip, frame, place), so tests know them. */
import { BadClipError } from '../src/dataset/errors.ts';
import type { Clip, ClipDataset, ClipReader } from '../src/node.ts';

export interface FakeOptions {
  readonly frames?: number;
  readonly width?: number;
  readonly height?: number;
  /** Ids of clips that are broken. */
  readonly bad?: readonly string[];
  /** How long a clip takes to open. */
  readonly milliseconds?: (id: string) => number;
}

/** @returns the reader, and a count of what was decoded */
export function fakeReader({
  frames = 40,
  width = 24,
  height = 20,
  bad = [],
  milliseconds = (id) => id.length % 3,
}: FakeOptions = {}) {
  const decoded: string[] = [];
  const reader: ClipReader = {
    name: 'fake',
    identity: async (clip) => clip.id,
    async open(clip) {
      await new Promise((resolve) => setTimeout(resolve, milliseconds(clip.id)));
      if (bad.includes(clip.id)) throw new BadClipError(clip.id, 'unreadable', 'broken on purpose.');
      const offset = [...clip.id].reduce((sum, character) => sum + character.charCodeAt(0), 0);
      return {
        info: { frames, width, height, fps: 10 },
        async read(indices, size) {
          decoded.push(clip.id);
          const out = new Uint8Array(indices.length * size.width * size.height * 3);
          let to = 0;
          for (const frame of indices)
            for (let y = 0; y < size.height; y++)
              for (let x = 0; x < size.width; x++)
                for (let c = 0; c < 3; c++) out[to++] = (offset + frame * 5 + x * 3 + y * 2 + c * 40) % 256;
          return out;
        },
        close: () => undefined,
      };
    },
  };
  return { reader, decoded };
}

export function fakeDataset(count: number, classes = 3): ClipDataset {
  const clips = Array.from(
    { length: count },
    (_, i): Clip => ({ id: `clip-${i}`, file: `clip-${i}`, label: i % classes }),
  );
  return { clips, labels: Array.from({ length: classes }, (_, i) => `class ${i}`) };
}
