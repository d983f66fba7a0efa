/** Every clip opened once, before training: broken ones are found in the first minute, not in the third hour. */
import pLimit from 'p-limit';
import type { ClipReader } from '../reader/contract.ts';
import type { Clip, ClipDataset } from './clip.ts';
import { BadClipError, DatasetError } from './errors.ts';

/** What becomes of broken clips. */
export interface InspectOptions {
  readonly reader: ClipReader;
  /** `refuse` (default): an error that names every broken clip; `skip`: a data set without them. */
  readonly onBadClip?: 'refuse' | 'skip';
  /** Clips opened at once. Default 2. */
  readonly decoders?: number;
  readonly onClip?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The clips that can be read, and those that cannot. */
export interface Inspected {
  readonly dataset: ClipDataset;
  readonly bad: readonly BadClipError[];
}

/**
 * Opens every clip once, so that broken ones are found before training.
 * @throws DatasetError that names the broken clips (`refuse`), or when none is left; NoDecoderError
 */
export async function inspectClips(dataset: ClipDataset, options: InspectOptions): Promise<Inspected> {
  const { reader, onBadClip = 'refuse', decoders = 2, onClip, signal } = options;
  const limit = pLimit(decoders);
  const total = dataset.clips.length;
  let done = 0;
  const check = async (clip: Clip): Promise<BadClipError | undefined> => {
    signal?.throwIfAborted();
    try {
      (await reader.open(clip, signal)).close();
      return undefined;
    } catch (error) {
      if (error instanceof BadClipError) return error;
      limit.clearQueue();
      throw error;
    } finally {
      onClip?.(++done, total);
    }
  };
  const found = await Promise.all(dataset.clips.map((clip) => limit(check, clip)));
  const bad = found.filter((error) => error !== undefined);
  const listed = bad.map((error) => `\n  ${error.message}`).join('');
  if (bad.length > 0 && onBadClip === 'refuse')
    throw new DatasetError(
      `${bad.length} of ${total} clips cannot be used (skip them with onBadClip: 'skip'):${listed}`,
    );
  if (bad.length === total) throw new DatasetError(`None of the ${total} clips can be used:${listed}`);
  return { dataset: { labels: dataset.labels, clips: dataset.clips.filter((_, i) => !found[i]) }, bad };
}
