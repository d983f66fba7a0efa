/** The options of training: how long, optimizer, augmentation, checkpoints. */
import type { Clip, Optimizer, UpdateMode } from '@dr2net/train';
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { integer, number, oneOf } from './values.ts';

export interface TrainingOptions {
  readonly epochs?: number;
  readonly steps?: number;
  readonly batch: number;
  readonly accumulate: number;
  readonly chunks: number;
  readonly optimizer: 'adamw' | 'sgd';
  readonly weightDecay?: number;
  readonly layerDecay?: number;
  readonly momentum?: number;
  readonly clip?: number;
  readonly ema?: number;
  readonly update: UpdateMode;
  readonly seed: number;
  readonly labelSmoothing: number;
  readonly dropout?: number;
  readonly dropPath?: number;
  readonly evaluateEvery: number;
  readonly checkpointEvery?: number;
  readonly resume?: true;
  readonly overwrite?: true;
}

const share = number({ min: 0, max: 0.999 });

/** BEiT's rule (arXiv 2106.08254) with the rate that most image transformers are finetuned with. */
export const usualTraining = { layerDecay: 0.75 } as const;

/** What a task would train with otherwise, where nothing is said. */
export type UsualTraining = Pick<TrainingOptions, 'layerDecay'>;

export function addTrainingOptions(command: Command): Command {
  const whole = integer({ min: 1 });
  return command
    .optionsGroup('Training:')
    .option('--epochs <n>', 'how long: epochs (default: 10)', whole)
    .option('--steps <n>', 'or optimizer steps', whole)
    .option('--batch <n>', 'clips, samples of clouds, or images in a batch', whole, 8)
    .option('--accumulate <batches>', 'batches that make one step', whole, 1)
    .option(
      '--chunks <n>',
      'parts in which MLPs work on their tokens and attention on its heads: less memory (--budget chooses where it is 1)',
      whole,
      1,
    )
    .addOption(new Option('--optimizer <name>', 'adamw or sgd').argParser(oneOf(['adamw', 'sgd'])).default('adamw'))
    .option('--weight-decay <number>', 'weight decay (default: 0.05; sgd: 0)', number({ min: 0 }))
    .option(
      '--layer-decay <number>',
      `learning rate of a layer, as a share of the layer above (default: ${usualTraining.layerDecay}; boxes: 0.6 in a YOLOS; 1 with --blocks random)`,
      number({ min: 0.01, max: 1 }),
    )
    .option('--momentum <number>', 'sgd: momentum (default: 0.9)', share)
    .option('--clip <norm>', 'clip gradients to this norm', number({ min: 0, open: true }))
    .option(
      '--ema <decay>',
      'keep a moving average of the weights, and evaluate and save that',
      number({ min: 0, max: 1, open: true }),
    )
    .addOption(
      new Option(
        '--update <when>',
        'update after the backward pass (collect), or each parameter at once, which saves the gradients (sink)',
      )
        .argParser(oneOf(['collect', 'sink']))
        .default('collect'),
    )
    .option(
      '--seed <n>',
      'of data order, augmentation, dropout and what is made new',
      integer({ min: 0, max: 2 ** 32 - 1 }),
      0,
    )
    .option('--label-smoothing <share>', 'share of the target spread over all classes', share, 0)
    .option(
      '--dropout <share>',
      "dropout before the classifier (default: clips 0, clouds as the model's configuration, 0.5 in a new one)",
      share,
    )
    .option('--drop-path <rate>', "stochastic depth of the last block (default: the model's)", share)
    .option('--evaluate-every <epochs>', 'epochs from one validation to the next', whole, 1)
    .option('--checkpoint-every <steps>', 'steps from one checkpoint to the next (default: each epoch)', whole)
    .option('--resume', 'go on from the checkpoint in --out')
    .option('--overwrite', 'delete the run in --out');
}

/** The length of the run, as the loop takes it. */
export function lengthOf({ epochs, steps }: TrainingOptions): { epochs: number } | { steps: number } {
  if (epochs !== undefined && steps !== undefined)
    throw new UsageError(`--epochs ${epochs} and --steps ${steps}: give one of them.`);
  return steps === undefined ? { epochs: epochs ?? 10 } : { steps };
}

/** @throws UsageError for batches that gradients which are used at once cannot be added up over */
export function requireUpdate({ update, accumulate }: TrainingOptions): void {
  if (update === 'sink' && accumulate > 1)
    throw new UsageError(
      `--accumulate ${accumulate}: --update sink frees every gradient at once and can add none up. Give --update collect, or leave --accumulate out.`,
    );
}

/** @throws UsageError for options of another optimizer */
export async function optimizerOf(options: TrainingOptions, lr: number): Promise<Optimizer> {
  const { adamW, sgd } = await import('@dr2net/train');
  const { optimizer, weightDecay, layerDecay = usualTraining.layerDecay, momentum } = options;
  const shared = { lr, layerDecay, ...(weightDecay === undefined ? {} : { weightDecay }) };
  if (optimizer === 'sgd') return sgd({ ...shared, ...(momentum === undefined ? {} : { momentum }) });
  if (momentum !== undefined)
    throw new UsageError('--momentum belongs to --optimizer sgd, but the optimizer is adamw.');
  return adamW(shared);
}

/** Clipping: by the global norm, or with `--update sink` by that of the step before. */
export function clipOf({ clip, update }: TrainingOptions): Clip | undefined {
  return clip === undefined ? undefined : { norm: clip, by: update === 'sink' ? 'previous' : 'global' };
}
