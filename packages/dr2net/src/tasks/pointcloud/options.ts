/** The options of the task `pointcloud`: which clouds are read and how, how samples are taken and changed, and the new network. */
import type { PositionShift } from '@dr2net/models';
import type { CloudForm, PointAugmentation, Weighting } from '@dr2net/pointcloud';
import { type Command, Option } from 'commander';
import { UsageError } from '../../errors.ts';
import type { BlocksOption } from '../../options/blocks.ts';
import { integer, list, number, oneOf } from '../../options/values.ts';

/** How the files are read. */
export interface ReadingOptions {
  readonly labelColumn?: string;
  readonly columns?: readonly string[];
  readonly cache?: string;
}

export function addIgnoreOption(command: Command): Command {
  return command
    .optionsGroup('Point clouds:')
    .option(
      '--ignore <a,b>',
      'objects (AREA/ROOM/Annotations/NAME_1.txt) that are neither trained on nor counted',
      list,
    );
}

export function addReadingOptions(command: Command): Command {
  return command
    .optionsGroup('Point clouds:')
    .option('--label-column <name>', 'the column with the labels (default: label, class, classification, …)')
    .option('--columns <a,b,c>', 'names of the columns of text files without a header, e.g. x,y,z,skip,label', list);
}

/** How a cloud becomes samples. */
export interface SampleOptions {
  readonly points?: number;
  readonly region?: CloudForm['region'];
  readonly blockSide?: number;
  readonly voxel?: number;
  readonly unit?: number;
  readonly features?: readonly string[];
}

export function addSampleOptions(command: Command): Command {
  const above = number({ min: 0, open: true });
  return command
    .optionsGroup('Point clouds:')
    .option('--points <n>', 'points of a sample (default: as saved with the model, or 4096)', integer({ min: 16 }))
    .addOption(
      new Option(
        '--region <shape>',
        'a sample is the points nearest to a centre (sphere), or some of those of a column (block) (default: as saved, or sphere)',
      ).argParser(oneOf(['sphere', 'block'])),
    )
    .option('--block-side <length>', "block: side of its base, in the clouds' unit", above)
    .option(
      '--voxel <side>',
      "thin clouds to one point a voxel first, in the clouds' unit (default: as saved, or not)",
      above,
    )
    .option(
      '--unit <length>',
      "length that counts as 1 for the network, in the clouds' unit: 0.1 for plants of half a metre (default: as saved, or 1)",
      above,
    )
    .option(
      '--features <a,b>',
      'height, position, colour, intensity, or columns of the files by name (default: as saved, or height)',
      list,
    );
}

/** How whole scenes are covered by samples. */
export interface CoverOptions {
  readonly votes: number;
  readonly overlap: number;
}

export function addCoverOptions(command: Command): Command {
  return command
    .optionsGroup('Point clouds:')
    .option('--votes <n>', 'sphere: samples that each point is in, at least, in evaluation', integer({ min: 1 }), 1)
    .option(
      '--overlap <share>',
      'block: the share of a block that its neighbour has too, in evaluation',
      number({ min: 0, max: 0.9 }),
      0.5,
    );
}

/** What the sampling of a form is told for whole scenes. */
export const coverOf = ({ region }: CloudForm, { votes, overlap }: CoverOptions) =>
  region === 'sphere' ? { votes } : { overlap };

/** How samples are changed in training, and how many there are. */
export interface AugmentOptions {
  readonly rotate: boolean;
  readonly mirror: boolean;
  readonly scaling: number;
  readonly jitter?: number;
  readonly colourDrop: number;
  readonly pointDrop?: number;
  readonly samples?: number;
  readonly classWeights: Weighting;
}

export function addAugmentOptions(command: Command): Command {
  const share = number({ min: 0, max: 0.9 });
  return command
    .optionsGroup('Training on clouds:')
    .option(
      '--samples <n>',
      'samples of each scene in an epoch (default: as many as have its number of points)',
      integer({ min: 1 }),
    )
    .addOption(
      new Option(
        '--class-weights <how>',
        'what points of rare classes weigh more by: none, sqrt or inverse of their share',
      )
        .argParser(oneOf(['none', 'sqrt', 'inverse']))
        .default('none'),
    )
    .option('--no-rotate', 'no turns about the vertical axis')
    .option('--no-mirror', 'no mirrored samples')
    .option('--scaling <share>', 'sizes from 1 − share to 1 + share', share, 0.1)
    .option(
      '--jitter <sigma>',
      "noise on coordinates, its standard deviation in the clouds' unit",
      number({ min: 0, open: true }),
    )
    .option('--colour-drop <probability>', 'samples whose colours are set to 0', number({ min: 0, max: 1 }), 0.2)
    .option('--point-drop <share>', 'most points of a sample that are dropped', share);
}

export function augmentationOf(options: AugmentOptions): PointAugmentation {
  const { rotate, mirror, scaling, jitter, colourDrop, pointDrop } = options;
  return {
    ...(rotate ? {} : { rotate: 0 }),
    ...(mirror ? {} : { flip: 0 }),
    scale: [1 - scaling, 1 + scaling],
    colourDrop,
    ...(jitter === undefined ? {} : { jitter }),
    ...(pointDrop === undefined ? {} : { dropout: pointDrop }),
  };
}

/** The new network around the blocks. */
export interface SegmenterOptions extends BlocksOption {
  readonly config?: string;
  readonly groupSize?: number;
  readonly pointsPerToken?: number;
  readonly shift?: PositionShift;
}

export function addSegmenterOptions(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .option(
      '--config <file>',
      "an OpenPoints configuration (JSON) of the network around the blocks (default: Pix4Point's)",
    )
    .option('--group-size <n>', 'points of a group (default: 32)', integer({ min: 1 }))
    .option('--points-per-token <n>', 'points that become one token: 4, 16, 64 (default: 16)', integer({ min: 4 }))
    .addOption(
      new Option(
        '--shift <where>',
        'positions before every block on the skip path too (skip), or inside the branch (branch) (default: as saved, or skip)',
      ).argParser(oneOf(['skip', 'branch'])),
    );
}

/** What a gradient check runs on. */
export interface CloudCheckOptions {
  readonly points?: number;
  readonly channels?: number;
  readonly statistics: 'running' | 'batch';
}

export function addCheckOptions(command: Command): Command {
  return command
    .optionsGroup('Point clouds:')
    .option('--points <n>', 'random input: points of a cloud (default: 1024)', integer({ min: 16 }))
    .option('--channels <n>', 'random input: features of a point of a new network (default: 1)', integer({ min: 1 }))
    .addOption(
      new Option(
        '--statistics <which>',
        "what the decoder's BatchNorm normalises by: its running statistics, or the batch's, as in training",
      )
        .argParser(oneOf(['running', 'batch']))
        .default('running'),
    );
}

const firstPoints = 4096;

/**
 * As given; else as it was saved with the model.
 * @throws UsageError for a block without a side, or a side without a block
 */
export function cloudFormOf(options: SampleOptions, saved: CloudForm | undefined): CloudForm {
  const region = options.region ?? saved?.region ?? 'sphere';
  const side = options.blockSide ?? (saved?.region === region ? saved.side : undefined);
  if (region === 'block' && side === undefined)
    throw new UsageError("--region block needs --block-side, in the clouds' unit: 8 for columns of 8 × 8 m.");
  if (region === 'sphere' && side !== undefined)
    throw new UsageError(`--block-side ${side} belongs to --region block, but the region is sphere.`);
  const voxel = options.voxel ?? saved?.voxel;
  const unit = options.unit ?? saved?.unit;
  return {
    points: options.points ?? saved?.points ?? firstPoints,
    region,
    features: options.features ?? saved?.features ?? ['height'],
    ...(side !== undefined && { side }),
    ...(voxel !== undefined && { voxel }),
    ...(unit !== undefined && { unit }),
  };
}
