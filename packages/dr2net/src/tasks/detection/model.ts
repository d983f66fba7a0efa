/** The detector that is finetuned: a saved one, or a new one around the blocks of an image transformer. */
import {
  createYolos,
  isYolosConfig,
  loadBackbone,
  loadYolos,
  type PictureSize,
  readLabels,
  readModelConfig,
  withNewClasses,
  type YolosDetector,
  yolosConfig,
} from '@dr2net/models';
import { UsageError } from '../../errors.ts';
import type { BlocksOption } from '../../options/blocks.ts';
import type { RunSettings } from '../../options/run.ts';
import type { DetectorOptions } from './options.ts';
import { sameClasses } from './read.ts';

export interface DetectorSettings
  extends DetectorOptions,
    BlocksOption,
    Pick<RunSettings, 'model' | 'seed' | 'dropPath'> {
  readonly depth?: number;
  /** A number is a square. */
  readonly size?: number | PictureSize;
  readonly head?: 'checkpoint' | 'new';
}

/** The options that new and saved detectors have. */
function shapeOf({ size, depth, dropPath }: DetectorSettings) {
  return {
    ...(size !== undefined && { size: typeof size === 'number' ? ([size, size] as const) : size }),
    ...(depth !== undefined && { depth }),
    ...(dropPath !== undefined && { dropPath }),
  };
}

async function newDetector(settings: DetectorSettings, classes: readonly string[]): Promise<YolosDetector> {
  const { model, head, seed, blocks: use, detections } = settings;
  if (head === 'checkpoint')
    throw new UsageError(`--head checkpoint: ${model} is no detector, so it has no head to go on with. Leave it out.`);
  const { size, depth, dropPath } = shapeOf(settings);
  const blocks = await loadBackbone(model, depth === undefined ? {} : { depth });
  try {
    if (blocks.input.kind !== 'image')
      throw new UsageError(`${model} takes clips; a detector needs an image model, such as dinov2-small.`);
    const config = yolosConfig(blocks, {
      classes,
      ...(size && { size }),
      ...(detections !== undefined && { detectionTokens: detections }),
    });
    return await createYolos(config, seed, {
      ...(use === 'random' ? {} : { blocks }),
      ...(dropPath !== undefined && { dropPath }),
    });
  } finally {
    blocks.dispose();
  }
}

/** The classes that a saved detector's configuration names, if it is one. */
export async function savedClasses(model: string): Promise<readonly string[] | undefined> {
  const config = await readModelConfig(model);
  return isYolosConfig(config) ? (readLabels(config) ?? undefined) : undefined;
}

async function savedDetector(
  settings: DetectorSettings,
  classes: readonly string[],
  note: (text: string) => void,
): Promise<YolosDetector> {
  const { model, head, seed, blocks, detections } = settings;
  const flag = detections !== undefined ? '--detections' : blocks === 'random' ? '--blocks random' : undefined;
  if (flag) throw new UsageError(`${flag} is for a new network, but ${model} is a saved detector. Leave it out.`);
  const detector = await loadYolos(model, shapeOf(settings));
  const own = readLabels(detector.config);
  if (head !== 'new' && own && own.join() === classes.join()) return detector;
  if (head === 'checkpoint') {
    detector.dispose();
    throw new UsageError(
      `--head checkpoint: ${model} knows the classes ${own?.slice(0, 12).join(', ') ?? 'by number only'}, the data have ${classes.join(', ')}. Leave it out to train a new classifier for them.`,
    );
  }
  const why =
    own && sameClasses(own, classes) ? '' : ` (${model} knows ${own?.length ?? detector.spec.classes} others)`;
  note(`a new classifier for ${classes.join(', ')}${why}; tokens, blocks and boxes go on from the checkpoint`);
  return withNewClasses(detector, classes, seed);
}

/**
 * @param note is told of a new classifier
 * @throws UsageError, and the errors of loading
 */
export async function loadDetector(
  settings: DetectorSettings,
  classes: readonly string[],
  note: (text: string) => void,
): Promise<YolosDetector> {
  const saved = isYolosConfig(await readModelConfig(settings.model));
  const detector = saved ? await savedDetector(settings, classes, note) : await newDetector(settings, classes);
  // The norm behind the blocks was pretrained with them.
  if (settings.blocks === 'fixed')
    for (const parameter of detector.parameters)
      if (parameter.name.startsWith('blocks.') || parameter.name.startsWith('norm.')) parameter.trainable = false;
  return detector;
}
