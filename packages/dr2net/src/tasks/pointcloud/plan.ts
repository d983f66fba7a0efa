/** The memory model of a segmenter: a saved one, or a new one around the blocks of an image transformer. */
import type { MemoryModel } from '@dr2net/memory';
import { isSegmenterConfig, segmenterMemoryModel, segmenterSpec, transformerSpec } from '@dr2net/models';
import { channelsOf, savedCloudForm } from '@dr2net/pointcloud';
import { UsageError } from '../../errors.ts';
import { type NetworkSettings, networkConfig, refuseNetworkOptions, withClasses } from './model.ts';
import { cloudFormOf, type SampleOptions, type SegmenterOptions } from './options.ts';

export interface PlanSegmenterOptions
  extends NetworkSettings,
    Pick<SampleOptions, 'points' | 'features'>,
    Pick<SegmenterOptions, 'shift' | 'blocks'> {
  /** Default: the saved head's, or 10. */
  readonly classes?: number;
}

const usualClasses = 10;

/**
 * @param config of the segmenter, or of the transformer
 * @throws UsageError, and the errors of configurations
 */
export async function segmenterToPlan(
  source: string,
  config: Readonly<Record<string, unknown>>,
  options: PlanSegmenterOptions,
): Promise<{ readonly model: MemoryModel; readonly classes: number }> {
  const saved = isSegmenterConfig(config);
  const { points, features } = cloudFormOf(options, saved ? savedCloudForm(config) : undefined);
  const { classes = usualClasses, shift, blocks } = options;
  const setting = { points, fixedBlocks: blocks === 'fixed', ...(shift !== undefined && { shift }) };
  if (!saved) {
    const spec = transformerSpec(config);
    const network = await networkConfig(options, { spec }, classes, channelsOf(features));
    return { model: segmenterMemoryModel(network, { ...setting, blocks: spec }), classes };
  }
  refuseNetworkOptions(options, source);
  const network = options.classes === undefined ? config : withClasses(config, classes);
  const { channels, head } = segmenterSpec(network);
  if (options.features && channelsOf(features) !== channels)
    throw new UsageError(
      `${source} takes ${channels} features a point, and --features gives ${channelsOf(features)}. Leave it out.`,
    );
  return { model: segmenterMemoryModel(network, setting), classes: head.classes };
}
