/** The options that say which clips are read and how. */
import { type Command, Option } from 'commander';
import { integer, list, oneOf } from './values.ts';

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
    )
    .option('--cache <folder>', 'keep decoded clips there, for later runs too');
}

/** Which clips. */
export interface ClipOptions extends SampleOptions {
  readonly data: string;
  readonly classes?: readonly string[];
  readonly splitColumn?: string;
}

export function addClipOptions(command: Command): Command {
  return addSampleOptions(
    command
      .optionsGroup('Clips:')
      .requiredOption('--data <path>', 'a folder of class folders, or a CSV file,label[,start,end][,split]')
      .option('--classes <a,b,c>', 'keep these classes only, in this order', list)
      .option('--split-column <name>', 'the column of the CSV that holds the split (default: split)'),
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
