/** The example's clips as a data set and its reader: drawn when they are asked for, the same on every machine, no files. */
import { axisWeights, resample } from '@dr2net/models';
import type { Clip, ClipDataset, ClipReader, OpenClip, Size } from '@dr2net/video';
import { clipOptions, drawClip } from './clip.ts';
import { drawGlyph } from './glyph.ts';
import { type Motion, motions } from './motion.ts';
import { clipSeed, clipsPerClass, type Part } from './parts.ts';

const fps = 8;
/** As many as a class of handwritten letters has in small data sets; no two parts share one. */
const glyphsPerPart = 500;
const glyphSeed: Readonly<Record<Part, number>> = { train: 33, val: 44 };

/** Drawn clips, and what reads them. */
export interface ExampleClips {
  readonly dataset: ClipDataset;
  /** For `clipSource`, beside the data set. */
  readonly reader: ClipReader;
}

/** One frame at another size: what is trained on may be larger than what is drawn. */
function scaled(rgb: Uint8Array, to: Size): Uint8Array {
  const { size } = clipOptions;
  if (to.width === size && to.height === size) return rgb;
  const [rows, columns] = [axisWeights(0, size, to.height, size), axisWeights(0, size, to.width, size)];
  return Uint8Array.from(resample(rgb, { width: size, height: size }, rows, columns), Math.round);
}

/** @param pixels [frames, size, size, 3] */
function openDrawn(pixels: Uint8Array): OpenClip {
  const { frames, size } = clipOptions;
  const frameBytes = size * size * 3;
  return {
    info: { width: size, height: size, frames, fps },
    async read(indices, to) {
      const read = new Uint8Array(indices.length * to.width * to.height * 3);
      for (const [i, index] of indices.entries())
        read.set(
          scaled(pixels.subarray(index * frameBytes, (index + 1) * frameBytes), to),
          i * to.width * to.height * 3,
        );
      return read;
    },
    close() {},
  };
}

/**
 * Small clips (8 frames, 32×32 pixels) in which strokes move over textures; the class is the motion: left, right, up,
 * down, grow, shrink, shake, still. What moves, where it is and what is behind it tell nothing of the class.
 * @param part `train`: 60 clips a class; `val`: 20, with strokes of their own
 */
export function exampleClips(part: Part): ExampleClips {
  const labels = [...motions].sort();
  const glyphs = Array.from({ length: glyphsPerPart }, (_, i) => drawGlyph([glyphSeed[part], i]));
  const drawn = new Map<string, () => Uint8Array>();
  const clips = labels.flatMap((motion: Motion, label) =>
    Array.from({ length: clipsPerClass[part] }, (_, i): Clip => {
      const id = `${part}/${motion}/${i}`;
      drawn.set(id, () => drawClip(motion, glyphs, clipSeed(part, motions.indexOf(motion), i)));
      return { id, file: id, label };
    }),
  );
  const reader: ClipReader = {
    name: 'example',
    identity: async ({ id }) => id,
    async open({ id }) {
      const draw = drawn.get(id);
      if (!draw) throw new RangeError(`The example has no clip ${id}; its reader reads its own clips only.`);
      return openDrawn(draw());
    },
  };
  return { dataset: { clips, labels }, reader };
}
