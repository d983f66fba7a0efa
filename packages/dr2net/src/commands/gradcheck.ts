/** `dr2net gradcheck`: every gradient by one method against that of the conventional network at the same α and β. */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HeadRead, Method } from '@dr2net/core';
import { type Command, Option } from 'commander';
import { CheckError, UsageError } from '../errors.ts';
import type { GradcheckResult } from '../gradcheck/check.ts';
import type { CheckSubject } from '../gradcheck/contract.ts';
import { addBlocksOption } from '../options/blocks.ts';
import { type TaskName, TaskOptions, taskNames } from '../options/by-task.ts';
import { addMethodOptions, type MethodOptions, methodOf } from '../options/method.ts';
import {
  addBackendOption,
  addClipShapeOptions,
  addDepthOption,
  addPictureSizeOption,
  type BackendOption,
  requireSquare,
} from '../options/model.ts';
import { integer, number, oneOf } from '../options/values.ts';
import { type Output, textTable } from '../output.ts';
import type { DetectorCheckOptions } from '../tasks/detection/gradcheck/subject.ts';
import * as detection from '../tasks/detection/options.ts';
import type { SegmenterCheckOptions } from '../tasks/pointcloud/gradcheck/subject.ts';
import * as pointcloud from '../tasks/pointcloud/options.ts';
import type { ClassifierCheckOptions } from '../tasks/video/gradcheck/subject.ts';

/** The largest relative gradient error that passes where none is given. */
const passing = 1e-3;

interface GradcheckOptions
  extends MethodOptions,
    BackendOption,
    Omit<ClassifierCheckOptions, 'size'>,
    SegmenterCheckOptions,
    DetectorCheckOptions {
  readonly task?: TaskName;
  readonly read?: HeadRead;
  readonly save?: string;
}

export function addGradcheck(program: Command, output: Output): Command {
  const command = program
    .command('gradcheck')
    .description(
      "Compare every parameter's gradient with that of the conventional network at the same α and β; exit code 1 when one is off.",
    )
    .addOption(
      new Option(
        '--task <name>',
        'video: a classifier of images or clips; pointcloud, detection: a segmenter or a detector, a new one around an image model or, detection, a Swin (default: as the model says, or video)',
      ).argParser(oneOf(taskNames)),
    )
    .requiredOption('--model <dir>', 'a model folder, its http(s) address, or a hub id owner/name');
  const tasks = new TaskOptions(command);
  addMethodOptions(command, 'exact');
  addDepthOption(command);
  tasks.of('video', addClipShapeOptions);
  tasks.of(['video', 'detection'], addPictureSizeOption);
  tasks.of('detection', (of) => {
    detection.addDetectorOptions(of);
    detection.addDenoisingOption(of);
  });
  tasks.of('pointcloud', (of) => {
    pointcloud.addSegmenterOptions(of);
    pointcloud.addCheckOptions(of);
  });
  tasks.of(['pointcloud', 'detection'], addBlocksOption);
  addBackendOption(command);
  return command
    .addOption(
      new Option(
        '--read <what>',
        'what the head reads: the last state, or the mean of the last two (default: as saved, or last)',
      ).argParser(oneOf(['last', 'mean'])),
    )
    .option(
      '--input <file>',
      'safetensors with input.pixel_values (channels first) and input.labels; clouds: input.pos [B, N, 3], input.x [B, C, N] and input.labels [B, N]; images with boxes: input.pixel_values, input.labels [B, objects] and input.boxes [B, objects, 4] (default: random)',
    )
    .option(
      '--save <file>',
      'write logits (and boxes), loss, x_n, x_n_minus_1 (not of a DINO, which has several runs) and grad/<key> of every tensor as safetensors',
    )
    .option(
      '--tolerance <number>',
      `largest relative gradient error that passes (default: ${passing}); reversible with --anchors auto keeps to it`,
      number({ min: 0, open: true }),
    )
    .option('--batch <n>', 'random input: samples', integer({ min: 1 }), 2)
    .option('--seed <n>', 'random input and head', integer({ min: 0, max: 2 ** 31 }), 0)
    .option('--classes <n>', 'classes of the head, where the checkpoint has none', integer({ min: 2 }), 10)
    .action(async (given: GradcheckOptions) => {
      const task = await checkedTask(given);
      await gradcheck(tasks.settle(given, task), task, output);
    });
}

/** @throws UsageError for a model that another task saved */
async function checkedTask({ task, model }: GradcheckOptions): Promise<TaskName> {
  const { settledTask, taskOf } = await import('../tasks/task-of.ts');
  return settledTask(model, task, await taskOf(model));
}

async function subjectOf(options: GradcheckOptions, task: TaskName): Promise<CheckSubject> {
  if (task === 'detection') return (await import('../tasks/detection/gradcheck/subject.ts')).detectorSubject(options);
  if (task === 'pointcloud')
    return (await import('../tasks/pointcloud/gradcheck/subject.ts')).segmenterSubject(options);
  const { size, ...rest } = options;
  const square = requireSquare(size);
  const { classifierSubject } = await import('../tasks/video/gradcheck/subject.ts');
  return classifierSubject({ ...rest, ...(square !== undefined && { size: square }) });
}

/**
 * `--tolerance` is the check's own. Anchors that place themselves keep to it where it is given; anchors that were asked for are
 * taken as they are, since how wrong they are is the question.
 */
function checkedMethod({ tolerance, ...options }: GradcheckOptions): Method {
  const method = methodOf(options, 'exact');
  if (method.name === 'exact') return { ...method, verify: true };
  if (method.name !== 'reversible') return method;
  const { anchors = 'auto' } = method;
  if (anchors !== 'auto') return { ...method, tolerance: Number.POSITIVE_INFINITY };
  return { ...method, anchors, ...(tolerance === undefined ? {} : { tolerance }) };
}

async function gradcheck(options: GradcheckOptions, task: TaskName, output: Output): Promise<void> {
  const method = checkedMethod(options);
  // What cannot be is refused before anything is loaded; then again with what the model says.
  const { coefficientsOf } = await import('../options/coefficients.ts');
  coefficientsOf(options, method, undefined);
  if (options.save) await requireWritable(options.save);
  const { startBackend } = await import('@dr2net/backends');
  const { snappedInWords } = await import('@dr2net/core');
  const backend = await startBackend(options.backend);
  const { checkGradients } = await import('../gradcheck/check.ts');

  const { tolerance = passing, save } = options;
  const subject = await subjectOf(options, task);
  try {
    const { training, samples } = subject;
    output.note(`${method.name} on ${backend.name} (${backend.device}), ${samples} samples`);
    const coefficients = coefficientsOf(options, method, training?.coefficients);
    const snapped = snappedInWords(method, coefficients);
    if (snapped) output.note(snapped);
    const found = await checkGradients(subject, {
      ...{ method, coefficients },
      read: options.read ?? training?.read ?? 'last',
      tolerance,
      ...(save === undefined ? {} : { save }),
    });
    report({ model: options.model, task, backend: backend.name, device: backend.device, ...found }, output);
  } finally {
    subject.dispose();
  }
}

/** @throws CheckError when the worst error is beyond the tolerance */
function report(
  result: GradcheckResult & {
    readonly model: string;
    readonly task: TaskName;
    readonly backend: string;
    readonly device: string;
  },
  output: Output,
): void {
  const { alpha, beta, worst, compared, parameters, withoutGradient, method } = result;
  const error = worst.error.toExponential(2);
  output.line(
    textTable(
      ['parameter', 'relative error', 'largest gradient'],
      parameters
        .slice(0, 5)
        .map((tensor) => [
          tensor.parameter,
          `${tensor.error.toExponential(2)}${tensor.absolute ? " (of the network's scale)" : ''}`,
          tensor.scale.toExponential(2),
        ]),
    ),
  );
  output.line(
    `\nα = ${alpha}, β = ${beta}: worst relative gradient error ${error} in ${worst.parameter}, of ${compared} tensors.`,
  );
  if (withoutGradient.length > 0) output.line(`${withoutGradient.length} tensors get no gradient by ${method}.`);
  if (!result.passed) throw new CheckError(`${fault(result)} ${advice(method)}`, result);
  output.result(result);
}

function fault({ worst, tolerance, stateDifference }: GradcheckResult): string {
  if (worst.error <= tolerance)
    return `The states differ from those of the conventional network by ${stateDifference?.toExponential(2)} of their largest, beyond the tolerance of ${tolerance}.`;
  return `The worst relative gradient error is ${worst.error.toExponential(2)} in ${worst.parameter}, beyond the tolerance of ${tolerance}.`;
}

function advice(method: string): string {
  return method === 'reversible'
    ? 'Rounding errors grow with every rebuilt sub-block: give --anchors auto, a larger β, or --method exact.'
    : 'Look at the weights and the input for numbers that are very large or not finite.';
}

/** @throws UsageError; better before the work than after it */
async function requireWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    throw new UsageError(`--save ${path} cannot be written: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    });
  }
}
