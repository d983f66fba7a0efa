/** How clips and images alike are changed in training. */
import type { Command } from 'commander';
import { number } from './values.ts';

export interface PictureAugmentOptions {
  readonly flip: boolean;
  readonly crop: boolean;
  readonly colourJitter?: number;
}

export function addPictureAugmentOptions(command: Command): Command {
  return command
    .optionsGroup('Training on clips and images:')
    .option('--no-flip', 'none are mirrored: where left and right matter')
    .option('--no-crop', 'no random parts')
    .option('--colour-jitter <strength>', 'brightness, contrast and saturation (e.g. 0.4)', number({ min: 0, max: 1 }));
}
