/** The options of the task `detection`: how data sets are read, how images are changed in training, and the new network. */
import type { DetectionAugmentation, DetectionFormat, OnBadBox } from '@dr2net/detection';
import { type Command, Option } from 'commander';
import type { PictureAugmentOptions } from '../../options/pictures.ts';
import { integer, list, number, oneOf } from '../../options/values.ts';

/** How the files are read. */
export interface ReadingOptions {
  readonly format?: DetectionFormat;
  readonly exclude?: readonly string[];
  readonly onBadBox: OnBadBox;
  readonly onMissingImage: 'refuse' | 'skip';
  readonly onBadImage: 'refuse' | 'skip';
}

const refuseOrSkip = (flags: string, what: string) =>
  new Option(flags, what).argParser(oneOf(['refuse', 'skip'])).default('refuse');

export function addReadingOptions(command: Command): Command {
  return command
    .optionsGroup('Images with boxes:')
    .addOption(
      new Option('--format <name>', 'coco, voc or yolo (default: what the files look like)').argParser(
        oneOf(['coco', 'voc', 'yolo']),
      ),
    )
    .option('--exclude <a,b>', 'classes whose boxes are left out', list)
    .addOption(
      refuseOrSkip(
        '--on-bad-box <action>',
        'refuse to go on with a box that cannot be meant (reversed, of an unknown class), or skip and count it',
      ),
    )
    .addOption(
      refuseOrSkip('--on-missing-image <action>', 'refuse to go on without an annotated image, or skip and count it'),
    )
    .addOption(refuseOrSkip('--on-bad-image <action>', 'refuse to go on with a broken image, or skip and count it'));
}

/** How images are changed in training. */
export interface AugmentOptions extends PictureAugmentOptions {
  readonly minScale: number;
}

export function addAugmentOptions(command: Command): Command {
  return command
    .optionsGroup('Training on images:')
    .option(
      '--min-scale <share>',
      'smallest size of a picture, as a share of the largest that fits; 1 for always as large as fits',
      number({ min: 0.1, max: 1 }),
      0.6,
    );
}

export function augmentationOf({ flip, crop, colourJitter, minScale }: AugmentOptions): DetectionAugmentation {
  return {
    flip: flip ? 0.5 : 0,
    scale: [minScale, 1],
    ...(crop ? {} : { crop: false }),
    ...(colourJitter
      ? { colour: { brightness: colourJitter, contrast: colourJitter, saturation: colourJitter, hue: 0 } }
      : {}),
  };
}

/** The new network around the blocks. */
export interface DetectorOptions {
  readonly detections?: number;
  readonly queries?: number;
  readonly width?: number;
  readonly encoderLayers?: number;
  readonly decoderLayers?: number;
}

const whole = integer({ min: 1 });

export function addDetectionsOption(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .option('--detections <n>', 'new YOLOS: objects that can be found in an image (default: 100)', whole);
}

export function addDetectorOptions(command: Command): Command {
  return addDetectionsOption(command)
    .option('--queries <n>', 'new DINO: objects that can be found in an image (default: 300)', whole)
    .option('--encoder-layers <n>', 'new DINO: layers of the encoder (default: 6)', whole)
    .option('--decoder-layers <n>', 'new DINO: layers of the decoder (default: 6)', whole)
    .option('--width <n>', 'new DINO: width of encoder and decoder, a multiple of 32 (default: 256)', whole);
}

/** The loss. */
export interface LossOptions {
  readonly emptyWeight?: number;
  readonly denoising?: number;
}

export function addLossOptions(command: Command): Command {
  return addDenoisingOption(command).option(
    '--empty-weight <weight>',
    'YOLOS: how much detection tokens that find nothing count in the class term (default: 0.1)',
    number({ min: 0 }),
  );
}

export function addDenoisingOption(command: Command): Command {
  return command
    .optionsGroup('Training on images:')
    .option(
      '--denoising <n>',
      'DINO: about as many queries an image begin at noised objects; 0 for none (default: 100)',
      integer({ min: 0 }),
    );
}

/** What `predict` and `evaluate` do with objects that overlap. */
export interface OverlapOptions {
  readonly nms?: number;
}

export function addOverlapOption(command: Command): Command {
  return command
    .optionsGroup('Images with boxes:')
    .option(
      '--nms <overlap>',
      'of objects of one class that overlap by more than this intersection over union the surest one alone is told: 0.7, say, after a short training (default: all are)',
      number({ min: 0, max: 1 }),
    );
}

/** What `predict` does with what it finds. */
export interface FoundOptions extends OverlapOptions {
  readonly threshold: number;
  readonly pictures?: string;
  readonly onBadImage: 'refuse' | 'skip';
}

export function addFoundOptions(command: Command): Command {
  return addOverlapOption(command)
    .optionsGroup('Images with boxes:')
    .option(
      '--threshold <score>',
      'objects of a lower score are left out; 0 for all, as an evaluation needs them',
      number({ min: 0, max: 1 }),
      0.5,
    )
    .option('--pictures <folder>', 'write the images there with the objects drawn on them')
    .addOption(refuseOrSkip('--on-bad-image <action>', 'refuse to go on with a broken image, or skip and count it'));
}
