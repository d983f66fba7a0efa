/** A finetuned segmenter as it was saved: its classes, α, β, method, and how clouds become its input. */
import { loadSegmenter, pointLevels } from '@dr2net/models';
import { type CloudForm, channelsOf, type PointSegmentation, pointSegmentation } from '@dr2net/pointcloud';
import { UsageError } from '../../errors.ts';
import { cloudFormOf, type SampleOptions } from './options.ts';

export interface LoadedSegmentation {
  readonly model: PointSegmentation;
  dispose(): void;
}

/** @throws the errors of loading */
export async function loadSegmentation(source: string): Promise<LoadedSegmentation> {
  const segmenter = await loadSegmenter(source);
  try {
    return { model: pointSegmentation(segmenter), dispose: () => segmenter.dispose() };
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
}

/**
 * As the model was trained, but for what is asked for.
 * @throws UsageError for features of another number than it takes; ModelOptionError for samples too small for its groups
 */
export function formFor({ segmenter, clouds }: PointSegmentation, options: SampleOptions): CloudForm {
  const form = cloudFormOf(options, clouds);
  const [given, { channels }] = [channelsOf(form.features), segmenter.spec];
  if (given !== channels)
    throw new UsageError(
      `The model takes ${channels} features a point, and --features ${form.features.join(',')} gives ${given}. ${clouds ? `Leave it out: it was trained on ${clouds.features.join(', ')}.` : 'Choose the features that it was made for.'}`,
    );
  pointLevels(segmenter.spec, form.points);
  return form;
}
