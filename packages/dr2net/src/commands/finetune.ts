/** `dr2net finetune`: trains a model on clips, clouds or images and leaves a folder with the model, its checkpoint and a report. */
import { type Command, Option } from 'commander';
import { InterruptedError } from '../errors.ts';
import type { FinetuneOutcome, FinetuneSettings } from '../finetune/finetune.ts';
import { addBlocksOption } from '../options/blocks.ts';
import { TaskOptions, taskNames } from '../options/by-task.ts';
import { addMethodOptions, tolerance } from '../options/method.ts';
import {
  addBackendOption,
  addClipShapeOptions,
  addDepthOption,
  addPictureSizeOption,
  requireSquare,
} from '../options/model.ts';
import { addPictureAugmentOptions } from '../options/pictures.ts';
import { addScheduleOptions } from '../options/schedule.ts';
import { addTrainingOptions } from '../options/training.ts';
import { list, number, oneOf } from '../options/values.ts';
import type { Output } from '../output.ts';
import * as detection from '../tasks/detection/options.ts';
import * as pointcloud from '../tasks/pointcloud/options.ts';
import * as video from '../tasks/video/options.ts';

/** Which of the data are trained on and which validate. */
function addDataOptions(command: Command): Command {
  return command
    .optionsGroup('Data:')
    .requiredOption(
      '--data <path>',
      "clips: a folder of class folders, or a CSV file,label[,start,end][,split]; clouds: a folder AREA/ROOM/Annotations/CLASS_N.txt, or files with a column of labels; images with boxes: a folder in the layout of COCO, Pascal VOC or YOLO, or COCO's JSON",
    )
    .option(
      '--classes <a,b,c>',
      'clips: these classes only, in this order; clouds: names and codes, stem=1,leaf=2-; boxes: all classes but those of --exclude, in this order',
      list,
    )
    .option('--val <path>', 'validation data, as --data (default: its split val, else a share)')
    .option(
      '--val-share <share>',
      'held out (of each class; of the scenes; of the images) where there is no validation split (default: 0.2); 0: train without',
      number({ min: 0, max: 0.9 }),
    )
    .option('--train-split <name>', 'the split to train on (default: train)')
    .option('--val-split <name>', 'the split to validate on (default: val)');
}

function addCacheOption(command: Command): Command {
  return command
    .optionsGroup('Data:')
    .option('--cache <folder>', 'keep decoded clips, or clouds as they were read, there, for later runs too');
}

function addInspectOption(command: Command): Command {
  return command.optionsGroup('Data:').option('--no-inspect', 'begin without opening every clip or image once');
}

function addSceneOptions(command: Command): Command {
  return command
    .optionsGroup('Point clouds:')
    .option(
      '--train-scenes <a,b>',
      'scenes or areas to train on, with bounds where a part is meant: "Area_1/Park_1 x<-10,Area_2"',
      list,
    )
    .option('--val-scenes <a,b>', 'scenes or areas to validate on, likewise', list);
}

function addHeadOption(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--head <which>',
        "the checkpoint's own head, or a new one (default: its own where it has one)",
      ).argParser(oneOf(['checkpoint', 'new'])),
    )
    .addOption(
      new Option(
        '--read <what>',
        'what the head reads: the last state, or the mean of the last two (default: as saved, or last)',
      ).argParser(oneOf(['last', 'mean'])),
    );
}

function addPoolingOption(command: Command): Command {
  return command
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--pooling <what>',
        'what a new head reads of the tokens (default: as the architecture is published)',
      ).argParser(oneOf(['class', 'mean', 'class+mean'])),
    );
}

export function addFinetune(program: Command, output: Output): Command {
  const command = program
    .command('finetune')
    .description('Finetune a model on your clips, point clouds or images with boxes. Ctrl-C saves; --resume goes on.')
    .addOption(
      new Option(
        '--task <name>',
        'what is learned: video (recognition of clips), pointcloud (segmentation of scenes), detection (boxes in images)',
      )
        .argParser(oneOf(taskNames))
        .default('video'),
    )
    .requiredOption('--model <dir>', 'a model folder, its http(s) address, or a hub id owner/name')
    .requiredOption('--out <dir>', 'a new or empty folder for the model, the checkpoint and the report')
    .option('--label <text>', "the run's name in reports (default: the method)");
  const options = new TaskOptions(command);
  addDataOptions(command);
  options.of(['video', 'pointcloud'], addCacheOption);
  options.of(['video', 'detection'], addInspectOption);
  options.of('video', (of) => {
    video.addClipOptions(of);
    video.addViewOptions(of);
  });
  options.of('detection', detection.addReadingOptions);
  options.of('pointcloud', (of) => {
    pointcloud.addIgnoreOption(of);
    pointcloud.addReadingOptions(of);
    addSceneOptions(of);
    pointcloud.addSampleOptions(of);
    pointcloud.addCoverOptions(of);
  });
  addDepthOption(command);
  options.of(['video', 'detection'], addPictureSizeOption);
  options.of('video', addClipShapeOptions);
  options.of('pointcloud', pointcloud.addSegmenterOptions);
  options.of('detection', detection.addDetectorOptions);
  options.of(['pointcloud', 'detection'], addBlocksOption);
  addHeadOption(command);
  options.of('video', addPoolingOption);
  addMethodOptions(command, 'exact').option(
    '--tolerance <number>',
    'reversible: relative error that rebuilding may add to a gradient; Infinity inverts whatever comes of it (default: 1.5e-6)',
    tolerance,
  );
  command.option(
    '--budget <size>',
    "choose the fastest method, batch and update that fit, predicted or (DINO) measured: 2GB, 1.5GiB, or device for the backend's own limit",
  );
  addScheduleOptions(command);
  addBackendOption(command);
  addTrainingOptions(command);
  options.of(['video', 'detection'], addPictureAugmentOptions);
  options.of('video', video.addAugmentOptions);
  options.of('detection', (of) => {
    detection.addAugmentOptions(of);
    detection.addLossOptions(of);
  });
  options.of('pointcloud', pointcloud.addAugmentOptions);
  return command.action((given: FinetuneSettings) => {
    const settings = options.settle(given, given.task);
    if (settings.task === 'video') requireSquare(settings.size);
    return finetune(settings, output);
  });
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
    const { result, lines } = await finetuneWithRestarts(settings, output, stop.signal);
    for (const line of [...lines, ...places(result)]) output.line(line);
    output.result(result);
  } catch (error) {
    if (error instanceof InterruptedError) {
      const again = output.command((args) => [
        ...args.filter((arg) => !/^--(overwrite|resume)$/.test(arg)),
        '--resume',
      ]);
      throw new InterruptedError(`${error.message}\nTo go on, run the same command with --resume:\n  ${again}`);
    }
    // Whatever else failed after Ctrl-C (a checkpoint that could not be written) is told as it is.
    if (error === stop.signal.reason || (stop.signal.aborted && error instanceof Error && error.name === 'AbortError'))
      throw new InterruptedError('Stopped before the first step; there is nothing to go on from.');
    throw error;
  } finally {
    for (const signal of stopSignals) process.off(signal, interrupt);
  }
}

function places({ model, report }: FinetuneOutcome['result']): string[] {
  return [`model             ${model}`, `report            ${report}`];
}
