/** The detector that is finetuned: a saved one, or a new one around an image model. */
import { isDinoConfig, isSwinConfig, isYolosConfig, readLabels, readModelConfig } from '@dr2net/models';
import { UsageError } from '../../errors.ts';
import type { Detector } from './detector.ts';
import { newDino, savedDino } from './dino.ts';
import { sameClasses } from './read.ts';
import { type DetectorSettings, type Opened, type Renewal, refuseGiven, refuseNetworkOptions } from './settings.ts';
import { newYolos, savedYolos } from './yolos.ts';

const ofYolos = { detections: '--detections', depth: '--depth', emptyWeight: '--empty-weight' } as const;
const ofDino = {
  queries: '--queries',
  width: '--width',
  encoderLayers: '--encoder-layers',
  decoderLayers: '--decoder-layers',
  denoising: '--denoising',
} as const;
/** The classes that a saved detector's configuration names, if it is one. */
export async function savedClasses(model: string): Promise<readonly string[] | undefined> {
  const config = await readModelConfig(model);
  return isYolosConfig(config) || isDinoConfig(config) ? (readLabels(config) ?? undefined) : undefined;
}

/** Goes on from a saved detector, with a new classifier where its classes are others. */
function renewed(
  { model, head }: DetectorSettings,
  detector: Detector,
  { own, withClasses }: Renewal,
  classes: readonly string[],
  note: (text: string) => void,
): Detector {
  if (head !== 'new' && own && own.join() === classes.join()) return detector;
  if (head === 'checkpoint') {
    detector.dispose();
    throw new UsageError(
      `--head checkpoint: ${model} knows the classes ${own?.slice(0, 12).join(', ') ?? 'by number only'}, the data have ${classes.join(', ')}. Leave it out to train a new classifier for them.`,
    );
  }
  const why =
    own && sameClasses(own, classes) ? '' : ` (${model} knows ${own?.length ?? detector.spec.classes} others)`;
  note(`a new classifier for ${classes.join(', ')}${why}; all else goes on from the checkpoint`);
  return withClasses(classes);
}

/**
 * A saved detector as it is, or a new one.
 * @param classes of a new one
 * @throws UsageError for options that do not fit the network, and the errors of loading
 */
async function open(settings: DetectorSettings, classes: readonly string[]): Promise<Opened> {
  const { model, head } = settings;
  const config = await readModelConfig(model);
  const [yolos, dino] = [isYolosConfig(config), isDinoConfig(config)];
  if (yolos || dino) refuseNetworkOptions(settings, model);
  else if (head === 'checkpoint')
    throw new UsageError(`--head checkpoint: ${model} is no detector, so it has no head to go on with. Leave it out.`);
  const fresh = (detector: Detector): Opened => ({ detector, renewal: null });
  if (dino || isSwinConfig(config)) {
    refuseGiven(
      settings,
      ofYolos,
      `belongs to a YOLOS, but ${model} is ${dino ? 'a Deformable DETR or DINO' : 'a Swin'}`,
    );
    return dino ? savedDino(settings) : fresh(await newDino(settings, config, classes));
  }
  refuseGiven(settings, ofDino, `belongs to a DINO, around a Swin, but ${model} is ${yolos ? 'a YOLOS' : 'no Swin'}`);
  return yolos ? savedYolos(settings) : fresh(await newYolos(settings, classes));
}

/** What was pretrained: the blocks of a YOLOS with the norm behind them, the backbone of a DINO but the norms of its maps. */
const isPretrained = ({ name }: { readonly name: string }) =>
  /^(blocks|norm)\./.test(name) || /^backbone\.(?!features\.)/.test(name);

/** What was pretrained and is `fixed` does not learn. */
function settleBlocks(detector: Detector, { blocks }: DetectorSettings): Detector {
  if (blocks === 'fixed')
    for (const parameter of detector.parameters) if (isPretrained(parameter)) parameter.trainable = false;
  return detector;
}

/**
 * A saved detector as it is, or a new one.
 * @param classes of a new one
 * @throws UsageError, and the errors of loading
 */
export async function openDetector(settings: DetectorSettings, classes: readonly string[]): Promise<Detector> {
  return settleBlocks((await open(settings, classes)).detector, settings);
}

/**
 * The detector to finetune: of a saved one with a classifier for the classes of the data.
 * @param note is told of a new classifier
 * @throws UsageError, and the errors of loading
 */
export async function loadDetector(
  settings: DetectorSettings,
  classes: readonly string[],
  note: (text: string) => void,
): Promise<Detector> {
  const { detector, renewal } = await open(settings, classes);
  return settleBlocks(renewal ? renewed(settings, detector, renewal, classes, note) : detector, settings);
}
