/** Batches of images, made ahead of their use, in an order that depends on (seed, epoch) alone. */
import { ahead, allInOrder, type BatchSource, randomFrom } from '@dr2net/models';
import pLimit from 'p-limit';
import { plainView, randomView } from '../augment/geometry.ts';
import { render } from '../augment/render.ts';
import { targetsOf } from '../augment/targets.ts';
import type { DetectionDataset, DetectionImage } from '../dataset/contract.ts';
import { BadImageError, DetectionDatasetError } from '../dataset/errors.ts';
import { counted, fewOf } from '../dataset/in-words.ts';
import type { Conversion, ImagePlatform } from '../image/load.ts';
import { type DetectionBatch, type DetectionSample, toBatch } from './batch.ts';
import { keptImages, keptSize } from './kept.ts';
import { type DetectionSourceOptions, settle } from './options.ts';

export interface DetectionSource extends BatchSource<DetectionBatch> {
  readonly classes: readonly string[];
  readonly dataset: DetectionDataset;
  /** Images that were skipped so far. */
  readonly skipped: readonly BadImageError[];
  /** What a person should know of the data set and of the images that were read so far: what was dropped, clipped and converted. */
  readonly notes: readonly string[];
}

interface Moment {
  readonly seed: number;
  readonly epoch: number;
  readonly signal: AbortSignal;
}

/**
 * A data set as batches. Equal (seed, epoch) give equal batches, whatever is kept, however many are made ahead, and from
 * wherever the epoch is begun. With `skip`, a batch is smaller by its broken images; one that would be empty takes the next sound
 * image in training, and is left out in evaluation.
 * @throws DetectionDatasetError, RangeError
 */
export function createDetectionSource(
  dataset: DetectionDataset,
  options: DetectionSourceOptions,
  platform: ImagePlatform,
): DetectionSource {
  const settled = settle(options);
  const { batch, training, canvas, augment, dropLast } = settled;
  const { images, classes } = dataset;
  const batches = dropLast ? Math.floor(images.length / batch) : Math.ceil(images.length / batch);
  if (batches === 0)
    throw new DetectionDatasetError(
      `${images.length} images make no batch of ${batch}; add images, or make the batch smaller.`,
    );
  if (training && images.every(({ boxes }) => boxes.every(({ crowd }) => crowd)))
    throw new DetectionDatasetError(
      `None of the ${images.length} images has a box to learn from. Check the annotations.`,
    );
  const least = training && augment.crop.probability > 0 ? augment.crop.least : 1;
  const get = keptImages(platform, settled.memory, (original) => keptSize(original, canvas, least));
  const converted = new Map<Conversion, Set<string>>();
  const skipped = new Map<string, BadImageError>();
  // In the order of the data set: when each was found out depends on who was faster.
  const inOrder = () => images.flatMap(({ id }) => skipped.get(id) ?? []);
  const limit = pLimit(settled.decoders);

  async function makeSample(image: DetectionImage, { seed, epoch }: Moment): Promise<DetectionSample> {
    const loaded = await get(image);
    for (const conversion of loaded.conversions)
      converted.set(conversion, (converted.get(conversion) ?? new Set()).add(image.id));
    const { original } = loaded;
    const random = (purpose: string) => randomFrom(seed, 'sample', epoch, image.id, purpose);
    const view = training ? randomView(original, image.boxes, canvas, random, augment) : plainView(original, canvas);
    const colour = training && augment.colour ? { options: augment.colour, random: random('colour') } : undefined;
    const { window, placement, used } = view;
    const visible = training ? augment.crop.visible : 0;
    return {
      image,
      original,
      used,
      placement,
      targets: targetsOf(image.boxes, { window, placement, canvas, visible }),
      pixels: render(loaded, view, canvas, settled, colour),
    };
  }

  async function sampleOf(image: DetectionImage, moment: Moment): Promise<DetectionSample | undefined> {
    if (skipped.has(image.id)) return undefined;
    try {
      return await limit(() => {
        moment.signal.throwIfAborted();
        return makeSample(image, moment);
      });
    } catch (error) {
      if (!(error instanceof BadImageError) || settled.onBadImage === 'refuse') throw error;
      if (!skipped.has(image.id)) {
        skipped.set(image.id, error);
        settled.onSkip?.(error);
      }
      return undefined;
    }
  }

  async function makeBatch(
    order: readonly DetectionImage[],
    number: number,
    moment: Moment,
  ): Promise<DetectionSample[]> {
    const made = async (wanted: readonly DetectionImage[]) =>
      (await allInOrder(wanted.map((image) => sampleOf(image, moment)))).filter((sample) => sample !== undefined);
    const first = number * batch;
    let samples = await made(order.slice(first, first + batch));
    for (let i = 0; training && samples.length === 0; i++) {
      if (i === order.length)
        throw new DetectionDatasetError(
          `None of the ${images.length} images can be read; the first: ${inOrder()[0]?.message}`,
        );
      samples = await made([order[(first + batch + i) % order.length] as DetectionImage]);
    }
    return samples;
  }

  return {
    classes,
    dataset,
    samples: dropLast ? batches * batch : images.length,
    batches,
    get skipped() {
      return inOrder();
    },
    get notes() {
      const conversions = [...converted].map(([conversion, ids]) => {
        const listed = images.flatMap(({ id }) => (ids.has(id) ? [id] : []));
        return `${counted(ids.size, 'image is', 'images are')} ${conversion}: ${fewOf(listed)}.`;
      });
      return [...dataset.notes, ...conversions.sort()];
    },
    async *epoch({ seed, epoch, from = 0, signal }) {
      const order = training ? randomFrom(seed, 'order', epoch).shuffle(images) : images;
      const make = (number: number, stop: AbortSignal) => makeBatch(order, number, { seed, epoch, signal: stop });
      for await (const samples of ahead(make, from, batches, settled.prefetch, signal))
        if (samples.length > 0) yield toBatch(samples, canvas);
    },
  };
}
