/** From a data set and a model's input to batches of clips. */
import type { BackboneInput } from '@dr2net/models';
import {
  type Augmentation,
  type ClipDataset,
  type ClipForm,
  type ClipSource,
  clipReader,
  clipSource,
  DatasetError,
  denseSampling,
  inspectClips,
  type Sampling,
  uniformSampling,
} from '@dr2net/video';
import { UsageError } from '../../errors.ts';
import type { Output } from '../../output.ts';
import type { SampleOptions, ViewOptions } from './options.ts';

export interface SourceContext {
  readonly input: BackboneInput;
  readonly batch: number;
  readonly options: SampleOptions;
  /** How clips become the model's input (`clipFormOf`). */
  readonly clips: ClipForm;
  readonly output: Output;
}

/**
 * As given; else as it was saved with the model.
 * @throws UsageError for a stride without dense sampling
 */
export function clipFormOf(options: SampleOptions, saved: ClipForm | undefined): ClipForm {
  const sampling = options.sampling ?? saved?.sampling ?? 'uniform';
  const stride = options.stride ?? (saved?.sampling === sampling ? saved.stride : undefined);
  if (stride !== undefined && sampling !== 'dense')
    throw new UsageError(`--stride ${stride} belongs to --sampling dense, but the sampling is ${sampling}.`);
  return { fit: options.fit ?? saved?.fit ?? 'crop', sampling, ...(stride !== undefined && { stride }) };
}

function samplingOf(frames: number, { sampling, stride }: ClipForm): Sampling {
  return sampling === 'dense' ? denseSampling(frames, stride === undefined ? {} : { stride }) : uniformSampling(frames);
}

function shared({ input, batch, options, clips, output }: SourceContext) {
  const { frames, size, mean, std } = input;
  const { onBadClip, cache } = options;
  return {
    batch,
    frames,
    size,
    mean,
    std,
    fit: clips.fit,
    onBadClip,
    sampling: samplingOf(frames, clips),
    onSkip: (error: Error) => output.note(`skipped: ${error.message}`),
    ...(cache === undefined ? {} : { cache }),
  };
}

export function trainingSource(dataset: ClipDataset, context: SourceContext, augment: Augmentation): ClipSource {
  return clipSource(dataset, { ...shared(context), training: true, augment });
}

export function evaluationSource(dataset: ClipDataset, context: SourceContext, views: ViewOptions): ClipSource {
  return clipSource(dataset, {
    ...shared(context),
    training: false,
    views: { temporal: views.temporalViews, spatial: views.spatialViews },
  });
}

/** Opens every clip once: broken ones are refused or left out now, not in the middle of the run. */
export async function inspected(
  dataset: ClipDataset,
  { onBadClip }: SampleOptions,
  output: Output,
  signal?: AbortSignal,
): Promise<ClipDataset> {
  output.note(`opening each of ${dataset.clips.length} clips once (--no-inspect leaves it out)`);
  const options = { reader: clipReader(), onBadClip, ...(signal ? { signal } : {}) };
  const result = await inspectClips(dataset, options).catch((error: unknown) => {
    if (!(error instanceof DatasetError)) throw error;
    throw new UsageError(error.message.replace("onBadClip: 'skip'", '--on-bad-clip skip'), { cause: error });
  });
  for (const error of result.bad) output.note(`skipped: ${error.message}`);
  if (result.bad.length > 0) output.note(`${result.bad.length} of ${dataset.clips.length} clips are skipped.`);
  return result.dataset;
}
