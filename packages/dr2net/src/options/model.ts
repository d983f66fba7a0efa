/** The options that say which model is loaded and where it runs. */
import type { ModelOptions, PictureSize } from '@dr2net/models';
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.ts';
import { integer } from './values.ts';

export interface BackendOption {
  readonly backend: string;
}

export function addBackendOption(command: Command): Command {
  return command.optionsGroup('Model:').option('--backend <name>', 'webgpu, node-gpu, node, wasm, cpu or auto', 'auto');
}

export interface ShapeOptions {
  readonly depth?: number;
  readonly frames?: number;
  readonly size?: number;
  readonly tubelet?: number;
}

export function addShapeOptions(command: Command): Command {
  return addFrameOptions(addDepthOption(command));
}

export function addDepthOption(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .option('--depth <blocks>', "keep the first blocks only (default: all the model's)", integer({ min: 1 }));
}

export function addFrameOptions(command: Command): Command {
  return addClipShapeOptions(command).option(
    '--size <pixels>',
    'height and width of a frame; positions are resampled to it',
    integer({ min: 1 }),
  );
}

/** One number for a square, or `336x448`: height and width. */
function pictureSize(text: string): number | PictureSize {
  const [height, width, ...more] = text.split(/[x×]/).map(Number);
  const sides = width === undefined ? [height] : [height, width];
  if (more.length > 0 || !sides.every((side) => side !== undefined && Number.isInteger(side) && side > 0))
    throw new InvalidArgumentError('Give pixels, such as 224, or height and width, such as 336x448.');
  return width === undefined ? (height as number) : [height as number, width];
}

/** The side of frames. @throws UsageError for two sides */
export function requireSquare(size: number | PictureSize | undefined): number | undefined {
  if (typeof size === 'object')
    throw new UsageError(`--size ${size.join('x')}: frames of clips are square. Give one number, such as 112.`);
  return size;
}

/** The size of frames (square) or of images. */
export function addPictureSizeOption(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .option(
      '--size <pixels>',
      'height and width of a frame, or of an image as 336x448; positions are resampled to it',
      pictureSize,
    );
}

export function addClipShapeOptions(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .option('--frames <n>', 'frames of a clip; makes a video model of an image model', integer({ min: 1 }))
    .option(
      '--tubelet <frames>',
      'frames of a tubelet, where an image model is inflated (default: 2)',
      integer({ min: 1 }),
    );
}

/** The options that were given, as the loader takes them. */
export function modelOptionsOf({ depth, frames, size, tubelet }: ShapeOptions): ModelOptions {
  return {
    ...(depth === undefined ? {} : { depth }),
    ...(frames === undefined ? {} : { frames }),
    ...(size === undefined ? {} : { size }),
    ...(tubelet === undefined ? {} : { tubelet }),
  };
}
