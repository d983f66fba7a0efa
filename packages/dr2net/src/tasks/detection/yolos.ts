/** A YOLOS to finetune: saved, or new around the blocks of an image transformer. */
import {
  createYolos,
  isDinoConfig,
  isSwinConfig,
  loadBackbone,
  loadYolos,
  readLabels,
  withNewClasses,
  type YolosDetector,
  yolosConfig,
} from '@dr2net/models';
import { UsageError } from '../../errors.ts';
import { type DetectorSettings, type Opened, sizeOf } from './settings.ts';

/** The options that new and saved ones have. */
export function shapeOf(settings: Pick<DetectorSettings, 'size' | 'depth' | 'dropPath'>) {
  const { depth, dropPath } = settings;
  const size = sizeOf(settings);
  return {
    ...(size && { size }),
    ...(depth !== undefined && { depth }),
    ...(dropPath !== undefined && { dropPath }),
  };
}

/**
 * Where only a YOLOS will do.
 * @param otherwise what cannot be done with another network, and what to do: `its memory cannot be predicted …; finetune …`
 * @throws UsageError for a Deformable DETR or DINO, and for the Swin that one is made around
 */
export function requireYolos(model: string, config: Readonly<Record<string, unknown>>, otherwise: string): void {
  if (isDinoConfig(config)) throw new UsageError(`${model} is a Deformable DETR or DINO: ${otherwise}`);
  if (isSwinConfig(config)) throw new UsageError(`${model} is a Swin, around which a DINO is made: ${otherwise}`);
}

/** @throws UsageError for a model of clips, and the errors of loading */
export async function newYolos(settings: DetectorSettings, classes: readonly string[]): Promise<YolosDetector> {
  const { model, seed, blocks: use, detections } = settings;
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

/** @throws the errors of loading */
export async function savedYolos(settings: DetectorSettings): Promise<Opened> {
  const detector = await loadYolos(settings.model, shapeOf(settings));
  const withClasses = (classes: readonly string[]) => withNewClasses(detector, classes, settings.seed);
  return { detector, renewal: { own: readLabels(detector.config), withClasses } };
}
