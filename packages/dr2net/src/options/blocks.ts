/** How the blocks of an image model begin in a network that is new around them. */
import { type Command, Option } from 'commander';
import { oneOf } from './values.ts';

export interface BlocksOption {
  readonly blocks: 'pretrained' | 'random' | 'fixed';
}

export function addBlocksOption(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--blocks <how>',
        "pretrained: they learn, from the model's weights; fixed: they keep these weights, all else learns; random: they learn from random weights",
      )
        .argParser(oneOf(['pretrained', 'fixed', 'random']))
        .default('pretrained'),
    );
}
