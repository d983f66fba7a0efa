/** The options of the task `video`: which clips are read and how, and how they are changed in training. */
import type { Augmentation } from '@dr2net/video';
import { type Command, Option } from 'commander';
import type { PictureAugmentOptions } from '../../options/pictures.ts';
import { integer, number, oneOf } from '../../options/values.ts';

/** How a clip becomes pixels. */
export interface SampleOptions {
  readonly fit?: 'crop' | 'squash';
  readonly sampling?: 'uniform' | 'dense';
  readonly stride?: number;
  readonly onBadClip: 'skip' | 'refuse';
  readonly cache?: string;
}

export function addSampleOptions(command: Command): Command {
  return command
    .optionsGroup('Clips:')
    .addOption(
      new Option(
        '--fit <how>',
        'crop a square from the picture, or squash the whole into one (default: as saved with the model, or crop)',
      ).argParser(oneOf(['crop', 'squash'])),
    )
    .addOption(
      new Option(
        '--sampling <how>',
        'frames spread over the whole clip (uniform), or --stride frames apart (dense) (default: as saved, or uniform)',
      ).argParser(oneOf(['uniform', 'dense'])),
    )
    .option('--stride <frames>', 'dense: frames from one to the next (default: 4)', integer({ min: 1 }))
    .addOption(
      new Option('--on-bad-clip <action>', 'refuse to go on with a broken clip, or skip and count it')
        .argParser(oneOf(['refuse', 'skip']))
        .default('refuse'),
    );
}

/** Which clips. */
export interface ClipOptions extends SampleOptions {
  readonly data: string;
  readonly classes?: readonly string[];
  readonly splitColumn?: string;
}

export function addClipOptions(command: Command): Command {
  return addSampleOptions(command).option(
    '--split-column <name>',
    'the column of the CSV that holds the split (default: split)',
  );
}

export interface ViewOptions {
  readonly temporalViews: number;
  readonly spatialViews: number;
}

/** Samples of one clip whose outputs are averaged. */
export function addViewOptions(command: Command): Command {
  return command
    .optionsGroup('Clips:')
    .option('--temporal-views <n>', 'samples over time of each clip in evaluation', integer({ min: 1 }), 1)
    .option('--spatial-views <n>', 'crops along the longer side in evaluation', integer({ min: 1 }), 1);
}

export interface AugmentOptions extends PictureAugmentOptions {
  readonly mixup?: number;
  readonly cutmix?: number;
  readonly erase?: number;
}

const probability = number({ min: 0, max: 1 });

export function addAugmentOptions(command: Command): Command {
  return command
    .optionsGroup('Training on clips:')
    .option('--mixup <alpha>', 'mixup, α of its Beta distribution (e.g. 0.8)', number({ min: 0, open: true }))
    .option('--cutmix <alpha>', 'CutMix, α of its Beta distribution (e.g. 1)', number({ min: 0, open: true }))
    .option('--erase <probability>', 'random erasing', probability);
}

export function augmentationOf({ flip, crop, mixup, cutmix, colourJitter, erase }: AugmentOptions): Augmentation {
  return {
    flip: flip ? 0.5 : 0,
    ...(crop ? {} : { crop: false }),
    ...(colourJitter
      ? { colour: { brightness: colourJitter, contrast: colourJitter, saturation: colourJitter, hue: 0 } }
      : {}),
    ...(erase ? { erase: { probability: erase } } : {}),
    ...(mixup !== undefined || cutmix !== undefined ? { mix: { mixup: mixup ?? 0, cutmix: cutmix ?? 0 } } : {}),
  };
}
