/** `dr2net finetune`: trains a model on clips and leaves a folder with the model, its checkpoint and a report. */
import { type Command, Option } from 'commander';
import { InterruptedError } from '../errors.ts';
import type { FinetuneResult, FinetuneSettings } from '../finetune/finetune.ts';
import { addClipOptions, addViewOptions } from '../options/data.ts';
import { addMethodOptions, tolerance } from '../options/method.ts';
import { addBackendOption, addShapeOptions } from '../options/model.ts';
import { addScheduleOptions } from '../options/schedule.ts';
import { addTrainingOptions } from '../options/training.ts';
import { number, oneOf } from '../options/values.ts';
import type { Output } from '../output.ts';
import { formatPercent } from '../report/format.ts';

export function addFinetune(program: Command, output: Output): Command {
  const command = program
    .command('finetune')
    .description('Finetune a model on your clips. Ctrl-C saves; --resume goes on.')
    .addOption(new Option('--task <name>', 'what is learned').argParser(oneOf(['video'])).default('video'))
    .requiredOption('--model <dir>', 'a model folder, its http(s) address, or a hub id owner/name')
    .requiredOption('--out <dir>', 'a new or empty folder for the model, the checkpoint and the report')
    .option('--label <text>', "the run's name in reports (default: the method)");
  addClipOptions(command)
    .option('--val <path>', 'validation clips, as --data (default: its split val, else a share of each class)')
    .option(
      '--val-share <share>',
      'held out of each class where there is no validation split; 0 for none',
      number({ min: 0, max: 0.9 }),
      0.2,
    )
    .option('--train-split <name>', 'the split to train on (default: train)')
    .option('--val-split <name>', 'the split to validate on (default: val)')
    .option('--no-inspect', 'begin without opening every clip once');
  addShapeOptions(command);
  addMethodOptions(command, 'exact').option(
    '--tolerance <number>',
    'reversible: relative error that rebuilding may add to a gradient; Infinity inverts whatever comes of it (default: 1.5e-6)',
    tolerance,
  );
  command.option(
    '--budget <size>',
    "choose the fastest method, batch and update that fit: 2GB, 1.5GiB, or device for the backend's own limit",
  );
  addScheduleOptions(command);
  addBackendOption(command);
  addTrainingOptions(command);
  return addViewOptions(command)
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--head <which>',
        "the checkpoint's own head, or a new one (default: its own where it has one)",
      ).argParser(oneOf(['checkpoint', 'new'])),
    )
    .addOption(
      new Option(
        '--pooling <what>',
        'what a new head reads of the tokens (default: as the architecture is published)',
      ).argParser(oneOf(['class', 'mean', 'class+mean'])),
    )
    .addOption(
      new Option(
        '--read <what>',
        'what the head reads: the last state, or the mean of the last two (default: as saved, or last)',
      ).argParser(oneOf(['last', 'mean'])),
    )
    .action((settings: FinetuneSettings) => finetune(settings, output));
}

/** Ctrl-C, and what schedulers and containers send before they kill. */
const stopSignals = ['SIGINT', 'SIGTERM'] as const;

async function finetune(settings: FinetuneSettings, output: Output): Promise<void> {
  const { finetuneWithRestarts } = await import('../finetune/restart.ts');
  const stop = new AbortController();
  const interrupt = () => {
    // A second one ends the process as if nobody listened.
    for (const signal of stopSignals) process.off(signal, interrupt);
    output.note('\nStopping after this step; once more ends at once, without saving.');
    stop.abort();
  };
  for (const signal of stopSignals) process.on(signal, interrupt);
  try {
    const result = await finetuneWithRestarts(settings, output, stop.signal);
    for (const line of lines(result)) output.line(line);
    output.result(result);
  } catch (error) {
    if (error instanceof InterruptedError)
      throw new InterruptedError(
        `${error.message}\nTo go on, run the same command with --resume:\n  ${resumeCommand()}`,
      );
    // Whatever else failed after Ctrl-C (a checkpoint that could not be written) is told as it is.
    if (error === stop.signal.reason || (stop.signal.aborted && error instanceof Error && error.name === 'AbortError'))
      throw new InterruptedError('Stopped before the first step; there is nothing to go on from.');
    throw error;
  } finally {
    for (const signal of stopSignals) process.off(signal, interrupt);
  }
}

/** The command that goes on with this run, as it can be pasted. */
function resumeCommand(): string {
  const args = process.argv.slice(2).filter((arg) => arg !== '--overwrite' && arg !== '--resume');
  return ['dr2net', ...args, '--resume'].map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ');
}

function lines({ evaluation, model, report }: FinetuneResult): string[] {
  return [
    ...(evaluation ? [`validation top-1  ${formatPercent(evaluation.top1)} of ${evaluation.clips} clips`] : []),
    `model             ${model}`,
    `report            ${report}`,
  ];
}
