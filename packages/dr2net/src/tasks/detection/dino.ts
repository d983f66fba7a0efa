/** A Deformable DETR or DINO to finetune: saved, or a new DINO around a Swin. */
import {
  createDino,
  createSwin,
  type DinoDetector,
  dinoConfig,
  loadDino,
  loadSwin,
  readLabels,
  withNewDinoClasses,
} from '@dr2net/models';
import type { DetectorSettings, Opened } from './settings.ts';

const dropPathOf = ({ dropPath }: DetectorSettings) => (dropPath === undefined ? {} : { dropPath });

/**
 * @param config of the Swin; with `--blocks random` nothing else is needed of its folder
 * @throws the errors of loading
 */
export async function newDino(
  settings: DetectorSettings,
  config: Readonly<Record<string, unknown>>,
  classes: readonly string[],
): Promise<DinoDetector> {
  const { model, seed, queries, width, encoderLayers, decoderLayers } = settings;
  const blocks = settings.blocks === 'random' ? createSwin(config, seed) : await loadSwin(model);
  try {
    const around = dinoConfig({
      ...{ classes, backbone: blocks },
      ...(queries !== undefined && { queries }),
      ...(width !== undefined && { width }),
      ...(encoderLayers !== undefined && { encoderLayers }),
      ...(decoderLayers !== undefined && { decoderLayers }),
    });
    return await createDino(around, seed, { blocks, ...dropPathOf(settings) });
  } finally {
    blocks.dispose();
  }
}

/** @throws the errors of loading */
export async function savedDino(settings: DetectorSettings): Promise<Opened> {
  const detector = await loadDino(settings.model, dropPathOf(settings));
  const withClasses = (classes: readonly string[]) => withNewDinoClasses(detector, classes, settings.seed);
  return { detector, renewal: { own: readLabels(detector.config), withClasses } };
}
