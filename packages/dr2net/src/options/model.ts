/** The options that say which model is loaded and where it runs. */
import type { ModelOptions } from '@dr2net/models';
import type { Command } from 'commander';
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
  return command
    .optionsGroup('Model:')
    .option('--frames <n>', 'frames of a clip; makes a video model of an image model', integer({ min: 1 }))
    .option('--size <pixels>', 'height and width of a frame; positions are resampled to it', integer({ min: 1 }))
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
