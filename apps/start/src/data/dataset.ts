/** The labelled clips as files: `train/<motion>/000.mp4`, `val/<motion>/…`, as a user's own clips would lie there. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeClip } from '@dr2net/video';
import { clipOptions, clipSeed, clipsPerClass, drawClip, motions } from 'dr2net/example';
import { writeFileWhole } from 'jobs';
import { readDigits } from './read-digits.ts';

const fps = 8;
/** High, so that what the encoder loses does not matter beside the noise that is drawn. */
const bitrate = 400_000;

/** Raised when the clips that are drawn change, so that old ones are not taken for new ones. */
const version = 1;

export type DatasetProgress = (done: number, total: number) => void;

/**
 * Writes the clips into `folder`, unless they are there already. The same clips every time.
 * @returns whether they had to be written
 */
export async function writeDataset(
  folder: string,
  progress: DatasetProgress = () => {},
  counts = clipsPerClass,
): Promise<boolean> {
  const stamp = join(folder, 'clips.json');
  const content = JSON.stringify({ version, counts, ...clipOptions });
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === content) return false;
  rmSync(folder, { recursive: true, force: true });
  const total = motions.length * (counts.train + counts.val);
  let done = 0;
  for (const part of ['train', 'val'] as const) {
    const digits = readDigits(part);
    for (const [label, motion] of motions.entries()) {
      const target = join(folder, part, motion);
      mkdirSync(target, { recursive: true });
      for (let i = 0; i < counts[part]; i++) {
        const { size } = clipOptions;
        const frames = drawClip(motion, digits, clipSeed(part, label, i));
        await writeClip(join(target, `${String(i).padStart(3, '0')}.mp4`), frames, {
          width: size,
          height: size,
          fps,
          bitrate,
        });
        progress(++done, total);
      }
    }
  }
  writeFileWhole(stamp, content);
  return true;
}
