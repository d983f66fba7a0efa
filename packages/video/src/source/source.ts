/** Batches of clips, made ahead of their use, in an order that depends on (seed, epoch) alone. */
import { ahead, allInOrder, type BatchSource, randomFrom } from '@dr2net/models';
import pLimit from 'p-limit';
import { squareWindow, wholeWindow } from '../augment/geometry.ts';
import { mixBatch } from '../augment/mix.ts';
import { augmentedSample, plainSample } from '../augment/sample.ts';
import type { Clip, ClipDataset } from '../dataset/clip.ts';
import { BadClipError, DatasetError } from '../dataset/errors.ts';
import type { ClipReader } from '../reader/contract.ts';
import { loadClip } from '../reader/load.ts';
import { type ClipBatch, type RawBatch, toBatch } from './batch.ts';
import { type ClipSourceOptions, type Settled, settle } from './options.ts';

export interface ClipSource extends BatchSource<ClipBatch> {
  readonly labels: readonly string[];
  /** Clips that were skipped so far. */
  readonly skipped: readonly BadClipError[];
}

/** One sample to make: a clip, and which view of it. */
interface Item {
  readonly clip: Clip;
  readonly view: number;
}

interface Moment {
  readonly seed: number;
  readonly epoch: number;
  readonly signal: AbortSignal;
}

async function makePixels(
  { clip, view }: Item,
  options: Settled,
  { seed, epoch, signal }: Moment,
): Promise<Float32Array> {
  const { sampling, training, fit, views } = options;
  const stored = await loadClip(clip, { ...options, stored: { shortSide: options.shortSide, fit } }, signal);
  const total = stored.info.frames;
  if (training) {
    const random = (purpose: string) => randomFrom(seed, 'clip', epoch, clip.id, purpose);
    const whole = fit === 'squash' ? wholeWindow(stored.size) : squareWindow(stored.size);
    return augmentedSample(stored, sampling.draw(total, random('frames')), whole, random, options.augment, options);
  }
  const window =
    fit === 'squash' ? wholeWindow(stored.size) : squareWindow(stored.size, view % views.spatial, views.spatial);
  const frames = sampling.view(total, Math.floor(view / views.spatial), views.temporal);
  return plainSample(stored, frames, window, options);
}

/**
 * A data set as batches. Equal (seed, epoch) give equal batches, whatever is cached, however many are made ahead, and
 * from wherever the epoch is begun. With `skip`, a batch is smaller by its broken clips; one that would be empty takes
 * the next sound clip in training, and is left out in evaluation.
 */
export function createClipSource(dataset: ClipDataset, options: ClipSourceOptions, reader: ClipReader): ClipSource {
  const settled = settle(options, reader);
  const { batch, training, views, dropLast } = settled;
  const classes = dataset.labels.length;
  const viewCount = views.temporal * views.spatial;
  const items = dataset.clips.flatMap((clip) => Array.from({ length: viewCount }, (_, view): Item => ({ clip, view })));
  const batches = dropLast ? Math.floor(items.length / batch) : Math.ceil(items.length / batch);
  if (batches === 0)
    throw new DatasetError(`${items.length} samples make no batch of ${batch}; add clips, or make the batch smaller.`);
  const skipped = new Map<string, BadClipError>();
  const limit = pLimit(settled.decoders);

  async function pixelsOf(item: Item, moment: Moment): Promise<Float32Array | undefined> {
    if (skipped.has(item.clip.id)) return undefined;
    try {
      return await limit(() => {
        moment.signal.throwIfAborted();
        return makePixels(item, settled, moment);
      });
    } catch (error) {
      if (!(error instanceof BadClipError) || settled.onBadClip === 'refuse') throw error;
      if (!skipped.has(item.clip.id)) {
        skipped.set(item.clip.id, error);
        settled.onSkip?.(error);
      }
      return undefined;
    }
  }

  async function makeBatch(order: readonly Item[], number: number, moment: Moment): Promise<RawBatch | undefined> {
    const made = async (wanted: readonly Item[]) => {
      const pixels = await allInOrder(wanted.map((item) => pixelsOf(item, moment)));
      return wanted.flatMap(({ clip }, i) => (pixels[i] ? [{ clip, pixels: pixels[i] }] : []));
    };
    const first = number * batch;
    let samples = await made(order.slice(first, first + batch));
    for (let i = 0; training && samples.length === 0; i++) {
      if (i === order.length) throw new DatasetError(`None of the ${dataset.clips.length} clips can be read.`);
      samples = await made([order[(first + batch + i) % order.length] as Item]);
    }
    if (samples.length === 0) return undefined;
    const each = samples[0]?.pixels.length as number;
    const pixels = new Float32Array(samples.length * each);
    const targets = new Float32Array(samples.length * classes);
    for (const [i, sample] of samples.entries()) {
      pixels.set(sample.pixels, i * each);
      targets[i * classes + sample.clip.label] = 1;
    }
    if (training && settled.augment.mix) {
      const random = randomFrom(moment.seed, 'mix', moment.epoch, number);
      mixBatch({ pixels, targets, batch: samples.length, size: settled.size }, random, settled.augment.mix);
    }
    return { ids: samples.map(({ clip }) => clip.id), labels: samples.map(({ clip }) => clip.label), pixels, targets };
  }

  return {
    labels: dataset.labels,
    samples: dropLast ? batches * batch : items.length,
    batches,
    // In the order of the data set: when each was found out depends on who was faster.
    get skipped() {
      return dataset.clips.flatMap(({ id }) => skipped.get(id) ?? []);
    },
    async *epoch({ seed, epoch, from = 0, signal }) {
      const order = training ? randomFrom(seed, 'order', epoch).shuffle(items) : items;
      const make = (number: number, stop: AbortSignal) => makeBatch(order, number, { seed, epoch, signal: stop });
      for await (const raw of ahead(make, from, batches, settled.prefetch, signal))
        if (raw) yield toBatch(raw, { frames: settled.frames, size: settled.size, classes });
    },
  };
}
