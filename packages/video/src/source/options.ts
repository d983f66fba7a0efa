/** What a clip source is told, and what follows where it is not told. */
import { requireWhole } from '@dr2net/models';
import type { Augmentation, Normalisation } from '../augment/sample.ts';
import type { BadClipError } from '../dataset/errors.ts';
import type { ClipReader } from '../reader/contract.ts';
import { type ClipStore, memoryStore } from '../reader/store.ts';
import { type Sampling, uniformSampling } from '../sampling/sampling.ts';

/** How clips become batches. */
export interface ClipSourceOptions extends Partial<Normalisation> {
  /** Samples in a batch. */
  readonly batch: number;
  /** Frames in a sample (with `sampling`: its own number). */
  readonly frames: number;
  /** Height and width of a sample, in pixels. */
  readonly size: number;
  /** Training: shuffled, random frames, augmented. Evaluation: in order, middle frames, whole pictures. */
  readonly training: boolean;
  /** Default: uniform. */
  readonly sampling?: Sampling;
  /** Training only. Default: random resized crop and flip. */
  readonly augment?: Augmentation;
  /** Evaluation only: samples of one clip, whose outputs are averaged. Default one each. */
  readonly views?: { readonly temporal?: number; readonly spatial?: number };
  /**
   * `crop` (default): square pictures are cut out (in evaluation from the centre, or at `views.spatial` places along
   * the longer side); `squash`: the whole picture, whatever its shape, is squeezed into the square.
   */
  readonly fit?: 'crop' | 'squash';
  /** Short side of decoded pictures. Default: 8/7 of `size` in training, `size` in evaluation. */
  readonly shortSide?: number;
  /** Leave out the last batch when it is not full. Default false. */
  readonly dropLast?: boolean;
  /** Batches made ahead of their use. Default 2. */
  readonly prefetch?: number;
  /** Clips decoded at once. Default 2. */
  readonly decoders?: number;
  /** What a broken clip does: `refuse` (default) ends the epoch with its error, `skip` goes on without it. */
  readonly onBadClip?: 'refuse' | 'skip';
  /** Called once for each clip that is skipped. */
  readonly onSkip?: (error: BadClipError) => void;
  /** Where decoded clips are kept. Default: 512 MB in memory. */
  readonly store?: ClipStore;
}

/** ImageNet's, which most checkpoints were trained with. */
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

export interface Settled extends Required<Omit<ClipSourceOptions, 'onSkip' | 'views'>> {
  readonly reader: ClipReader;
  readonly views: { readonly temporal: number; readonly spatial: number };
  readonly onSkip: ((error: BadClipError) => void) | undefined;
}

/** Without what is `undefined`: in JavaScript `{ store: undefined }` means the default, too. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** @throws RangeError for numbers that cannot be, or options that contradict each other */
export function settle(options: ClipSourceOptions, reader: ClipReader): Settled {
  const { batch, frames, size, training, sampling = uniformSampling(frames) } = options;
  const settled: Settled = {
    ...imageNet,
    augment: {},
    fit: 'crop',
    shortSide: training ? Math.ceil((size * 8) / 7) : size,
    dropLast: false,
    prefetch: 2,
    decoders: 2,
    onBadClip: 'refuse',
    store: options.store ?? memoryStore(),
    ...given(options),
    onSkip: options.onSkip,
    sampling,
    reader,
    views: { temporal: options.views?.temporal ?? 1, spatial: options.views?.spatial ?? 1 },
  };
  requireWhole(batch, 1, 'batch');
  requireWhole(size, 1, 'size');
  requireWhole(settled.shortSide, size, 'shortSide');
  requireWhole(settled.prefetch, 0, 'prefetch');
  requireWhole(settled.decoders, 1, 'decoders');
  requireWhole(settled.views.temporal, 1, 'views.temporal');
  requireWhole(settled.views.spatial, 1, 'views.spatial');
  if (sampling.frames !== frames)
    throw new RangeError(`frames is ${frames}, but the sampling gives ${sampling.frames}; they must be equal.`);
  if (training && (settled.views.temporal > 1 || settled.views.spatial > 1))
    throw new RangeError('views are for evaluation; training takes one random sample of a clip each epoch.');
  if (settled.fit === 'squash' && settled.views.spatial > 1)
    throw new RangeError('fit "squash" shows the whole picture, so there is one spatial view only.');
  for (const [name, values] of [
    ['mean', settled.mean],
    ['std', settled.std],
  ] as const)
    if (values.length !== 3) throw new RangeError(`${name} has ${values.length} values; clips have 3 channels.`);
  return settled;
}
