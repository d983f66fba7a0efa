/** The clips that are trained on: the embedded ones, drawn here, or the reader's own. */
import {
  type Clip,
  type ClipDataset,
  type ClipReader,
  DatasetError,
  inspectClips,
  labelClips,
  type NamedClip,
  splitClips,
} from '@dr2net/video';
import { clipOptions, clipSeed, clipsPerClass, drawClip, motions, type Part } from 'dr2net/example';
import { parseDigits } from 'start/data';
import { base } from '../base.ts';
import type { DataChoice, DataSummary } from './protocol.ts';
import { pageReader } from './reader.ts';
import { keepClips, keptClips } from './storage.ts';

export interface Prepared {
  readonly train: ClipDataset;
  readonly held: ClipDataset;
  readonly reader: ClipReader;
  readonly summary: DataSummary;
}

const digitsFile = new URL('embedded/digits.csv', base);

async function embedded(): Promise<Prepared> {
  const response = await fetch(digitsFile);
  if (!response.ok)
    throw new Error(`The embedded digits could not be loaded (${response.status} ${response.statusText}).`);
  const text = await response.text();
  const frames = new Map<string, { width: number; height: number; pixels: Uint8Array }>();
  const { size } = clipOptions;
  // In the order that a folder of them has, so that a run in Node is the same.
  const labels = [...motions].sort();
  const part = (name: Part): ClipDataset => {
    const digits = parseDigits(text, name);
    const clips: Clip[] = labels.flatMap((motion, label) =>
      Array.from({ length: clipsPerClass[name] }, (_, i) => {
        const file = `drawn:${name}/${motion}/${i}`;
        const seed = clipSeed(name, motions.indexOf(motion), i);
        frames.set(file, { width: size, height: size, pixels: drawClip(motion, digits, seed) });
        return { id: `${motion}/${String(i).padStart(3, '0')}.mp4`, file, label };
      }),
    );
    return { clips, labels };
  };
  const [train, held] = [part('train'), part('val')];
  const reader = pageReader(frames);
  return { train, held, reader, summary: summaryOf('embedded', train, held, []) };
}

function summaryOf(
  kind: DataSummary['kind'],
  train: ClipDataset,
  held: ClipDataset,
  notes: readonly string[],
): DataSummary {
  return { kind, labels: train.labels, training: train.clips.length, validation: held.clips.length, notes };
}

/** The reader's clips, from the storage of the page, opened once each. @throws DatasetError for what cannot be trained on */
async function own(): Promise<Prepared> {
  const named = (await keptClips()).map(
    ({ label, file }): NamedClip => ({ id: `${label}/${file.name.replace(/^\d+-/, '')}`, file, labelName: label }),
  );
  if (named.length === 0) throw new DatasetError('There are no clips or images yet: choose a folder, or record some.');
  const reader = pageReader(new Map());
  const { dataset, bad } = await inspectClips(labelClips(named, 'the chosen folder'), { reader, onBadClip: 'skip' });
  const used = dataset.labels.filter((_, label) => dataset.clips.some((clip) => clip.label === label));
  if (used.length < 2)
    throw new DatasetError(
      `There is one class only, "${used[0]}": a classifier tells at least two apart. Put the clips or images of each class into a folder of its own.`,
    );
  const { train, held } = splitClips(
    labelClips(
      dataset.clips.map(({ label, ...clip }) => ({ ...clip, labelName: dataset.labels[label] ?? '' })),
      'the chosen folder',
    ),
  );
  const notes = bad.slice(0, 5).map(({ message }) => `Left out: ${message}`);
  if (bad.length > 5) notes.push(`and ${bad.length - 5} more.`);
  return { train, held, reader, summary: summaryOf('own', train, held, notes) };
}

export async function prepare(choice: DataChoice): Promise<Prepared> {
  if (choice.kind === 'embedded') return embedded();
  if (choice.kind === 'files') await keepClips(choice.files.filter(({ file }) => !file.name.startsWith('.')));
  if (choice.kind === 'recordings') await keepClips(choice.recordings);
  return own();
}
