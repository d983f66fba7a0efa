/** What a detection source is told, and what follows where it is not told. */

import { type DetectionAugmentation, type SettledAugmentation, settleAugmentation } from '../augment/options.ts';
import type { Normalisation } from '../augment/render.ts';
import type { ImageSize } from '../boxes/formats.ts';
import type { BadImageError } from '../dataset/errors.ts';

/** How a data set becomes batches. */
export interface DetectionSourceOptions extends Partial<Normalisation> {
  /** The network's canvas, [height, width] in pixels. Pictures keep their shape; what they do not fill is 0. */
  readonly size: readonly [height: number, width: number];
  /** Samples in a batch. */
  readonly batch: number;
  /** Training: shuffled, augmented. Evaluation: in order, whole pictures as large as fit. */
  readonly training: boolean;
  /** Training only. Default: random parts, sizes and flips. */
  readonly augment?: DetectionAugmentation;
  /** Leave out the last batch when it is not full. Default false. */
  readonly dropLast?: boolean;
  /** Batches made ahead of their use. Default 2. */
  readonly prefetch?: number;
  /** Images decoded at once. Default 2. */
  readonly decoders?: number;
  /** Bytes of decoded (and for large ones reduced) images that are kept for later epochs; those beyond are decoded each time. Default 512 MiB. */
  readonly memory?: number;
  /** What a broken image does: `refuse` (default) ends the epoch with its error, `skip` goes on without it. */
  readonly onBadImage?: 'refuse' | 'skip';
  /** Called once for each image that is skipped. */
  readonly onSkip?: (error: BadImageError) => void;
}

/** ImageNet's, which most checkpoints were trained with. */
const imageNet: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

export interface Settled extends Normalisation {
  readonly canvas: ImageSize;
  readonly batch: number;
  readonly training: boolean;
  readonly augment: SettledAugmentation;
  readonly dropLast: boolean;
  readonly prefetch: number;
  readonly decoders: number;
  readonly memory: number;
  readonly onBadImage: 'refuse' | 'skip';
  readonly onSkip: ((error: BadImageError) => void) | undefined;
}

function whole(name: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`${name} is ${value}; it must be a whole number, ${least} or more.`);
  return value;
}

/** @throws RangeError for numbers that cannot be, or options that contradict each other */
export function settle(options: DetectionSourceOptions): Settled {
  const {
    training,
    augment,
    dropLast = false,
    prefetch = 2,
    decoders = 2,
    memory = 2 ** 29,
    onBadImage = 'refuse',
  } = options;
  const { mean = imageNet.mean, std = imageNet.std } = options;
  if (!training && augment !== undefined)
    throw new RangeError('augment is for training; evaluation shows whole pictures as large as fit.');
  for (const [name, values] of [
    ['mean', mean],
    ['std', std],
  ] as const)
    if (values.length !== 3 || !values.every((value) => Number.isFinite(value) && (name === 'mean' || value > 0)))
      throw new RangeError(
        `${name} is [${values.join(', ')}]; it must be 3 numbers, one a channel${name === 'std' ? ', above 0' : ''}.`,
      );
  return {
    canvas: { height: whole('size[0]', options.size[0], 1), width: whole('size[1]', options.size[1], 1) },
    batch: whole('batch', options.batch, 1),
    training,
    augment: settleAugmentation(augment ?? {}),
    dropLast,
    prefetch: whole('prefetch', prefetch, 0),
    decoders: whole('decoders', decoders, 1),
    memory: whole('memory', memory, 0),
    onBadImage,
    onSkip: options.onSkip,
    mean,
    std,
  };
}
