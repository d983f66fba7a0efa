/** From a data set and a model's input to batches of clips. */
import type { BackboneInput } from '@dr2net/models';
import {
  type Augmentation,
  type ClipDataset,
  type ClipSource,
  clipReader,
  clipSource,
  DatasetError,
  denseSampling,
  inspectClips,
  type Sampling,
  uniformSampling,
} from '@dr2net/video';
import { UsageError } from '../errors.ts';
import type { SampleOptions, ViewOptions } from '../options/data.ts';
import type { Output } from '../output.ts';

export interface SourceContext {
  readonly input: BackboneInput;
  readonly batch: number;
  readonly options: SampleOptions;
  readonly output: Output;
}

/** @throws UsageError for a stride without dense sampling */
export function samplingOf(frames: number, { sampling, stride }: SampleOptions): Sampling {
  if (sampling === 'dense') return denseSampling(frames, stride === undefined ? {} : { stride });
  if (stride !== undefined)
    throw new UsageError(`--stride ${stride} belongs to --sampling dense, but the sampling is ${sampling}.`);
  return uniformSampling(frames);
}

function shared({ input, batch, options, output }: SourceContext) {
  const { frames, size, mean, std } = input;
  const { fit, onBadClip, cache } = options;
  return {
    batch,
    frames,
    size,
    mean,
    std,
    fit,
    onBadClip,
    sampling: samplingOf(frames, options),
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
