/** The memory model of a YOLOS: a saved or published one, or a new one around the blocks of an image transformer. */
import type { MemoryModel } from '@dr2net/memory';
import {
  isYolosConfig,
  publishedConfig,
  readLabels,
  transformerSpec,
  yolosConfig,
  yolosMemoryModel,
} from '@dr2net/models';
import { UsageError } from '../../errors.ts';
import { type DetectorSettings, refuseNetworkOptions } from './settings.ts';
import { requireYolos, shapeOf } from './yolos.ts';

export interface PlanDetectorOptions extends Pick<DetectorSettings, 'size' | 'depth' | 'detections' | 'blocks'> {
  /** Default: the saved classifier's, or 10. */
  readonly classes?: number;
}

const usualClasses = 10;

/** A detector's configuration under a classifier for so many classes. */
function withClasses(config: Readonly<Record<string, unknown>>, classes: number): Record<string, unknown> {
  const { id2label: _, label2id: __, ...rest } = config;
  return { ...rest, num_labels: classes };
}

/**
 * @param config of the detector, or of the transformer
 * @throws UsageError, and the errors of configurations
 */
export function detectorToPlan(
  source: string,
  config: Readonly<Record<string, unknown>>,
  options: PlanDetectorOptions,
): { readonly model: MemoryModel; readonly classes: number } {
  requireYolos(
    source,
    config,
    'its memory cannot be predicted without its data; finetune --budget measures it before the first step.',
  );
  const { blocks, detections } = options;
  const { size, depth } = shapeOf(options);
  const setting = { fixedBlocks: blocks === 'fixed', ...(size && { size }) };
  if (isYolosConfig(config)) {
    refuseNetworkOptions(options, source);
    const { classes = readLabels(config)?.length ?? Number(config.num_labels) } = options;
    const model = yolosMemoryModel(withClasses(config, classes), { ...setting, ...(depth !== undefined && { depth }) });
    const known = publishedConfig(source)?.title;
    const title =
      known && depth === undefined ? model.title.replace(/^YOLOS, width \d+, \d+ blocks/, known) : model.title;
    return { model: { ...model, title }, classes };
  }
  const { classes = usualClasses } = options;
  const spec = transformerSpec(config, depth === undefined ? {} : { depth });
  if (spec.input.kind !== 'image')
    throw new UsageError(`${source} takes clips; a detector needs an image model, such as dinov2-small.`);
  const network = yolosConfig(
    { spec },
    {
      classes: Array.from({ length: classes }, (_, k) => `class ${k}`),
      ...(size && { size }),
      ...(detections !== undefined && { detectionTokens: detections }),
    },
  );
  return { model: yolosMemoryModel(network, setting), classes };
}
