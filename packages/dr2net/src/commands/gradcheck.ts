/** `dr2net gradcheck`: every gradient by one method against that of the conventional network at the same α and β. */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HeadRead, Method } from '@dr2net/core';
import { type Command, Option } from 'commander';
import { CheckError, UsageError } from '../errors.ts';
import type { GradcheckResult } from '../gradcheck/check.ts';
import { addMethodOptions, coefficientsOf, type MethodOptions, methodOf } from '../options/method.ts';
import {
  addBackendOption,
  addShapeOptions,
  type BackendOption,
  modelOptionsOf,
  type ShapeOptions,
} from '../options/model.ts';
import { integer, number, oneOf } from '../options/values.ts';
import { type Output, textTable } from '../output.ts';

/** The largest relative gradient error that passes where none is given. */
const passing = 1e-3;

interface GradcheckOptions extends MethodOptions, ShapeOptions, BackendOption {
  readonly model: string;
  readonly read?: HeadRead;
  readonly input?: string;
  readonly save?: string;
  readonly batch: number;
  readonly seed: number;
  readonly classes: number;
}

export function addGradcheck(program: Command, output: Output): Command {
  const command = program
    .command('gradcheck')
    .description(
      "Compare every parameter's gradient with that of the conventional network at the same α and β; exit code 1 when one is off.",
    )
    .requiredOption('--model <dir>', 'a model folder, its http(s) address, or a hub id owner/name');
  addMethodOptions(command, 'exact');
  addShapeOptions(command);
  addBackendOption(command);
  return command
    .addOption(
      new Option(
        '--read <what>',
        'what the head reads: the last state, or the mean of the last two (default: as saved, or last)',
      ).argParser(oneOf(['last', 'mean'])),
    )
    .option('--input <file>', 'safetensors with input.pixel_values (channels first) and input.labels (default: random)')
    .option('--save <file>', 'write logits, loss, x_n, x_n_minus_1 and grad/<key> of every tensor as safetensors')
    .option(
      '--tolerance <number>',
      `largest relative gradient error that passes (default: ${passing}); reversible with --anchors auto keeps to it`,
      number({ min: 0, open: true }),
    )
    .option('--batch <n>', 'random input: samples', integer({ min: 1 }), 2)
    .option('--seed <n>', 'random input and head', integer({ min: 0, max: 2 ** 31 }), 0)
    .option('--classes <n>', 'classes of the head, where the checkpoint has none', integer({ min: 2 }), 10)
    .action((options: GradcheckOptions) => gradcheck(options, output));
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

async function gradcheck(options: GradcheckOptions, output: Output): Promise<void> {
  const method = checkedMethod(options);
  // What cannot be is refused before anything is loaded; then again with what the model says.
  coefficientsOf(options, method.name, undefined);
  if (options.save) await requireWritable(options.save);
  const { startBackend } = await import('@dr2net/backends');
  const { snappedInWords } = await import('@dr2net/core');
  const backend = await startBackend(options.backend);
  const { hasPretrainedHead, loadBackbone, newHead, pretrainedHead } = await import('@dr2net/models');
  const { randomInput, readInput } = await import('../gradcheck/input.ts');
  const { checkGradients } = await import('../gradcheck/check.ts');

  const { seed, classes, batch, tolerance = passing, save } = options;
  const owned: { dispose(): void }[] = [];
  try {
    const backbone = await loadBackbone(options.model, modelOptionsOf(options));
    owned.push(backbone);
    const head = hasPretrainedHead(backbone) ? pretrainedHead(backbone) : newHead(backbone, { classes, seed });
    owned.push(head);
    const input = options.input
      ? await readInput(options.input, backbone, head.classes)
      : randomInput(backbone, head.classes, batch, seed);
    owned.push(input.pixels);
    output.note(`${method.name} on ${backend.name} (${backend.device}), ${input.labels.length} samples`);
    const coefficients = coefficientsOf(options, method.name, backbone.training?.coefficients);
    const snapped = snappedInWords(method, coefficients);
    if (snapped) output.note(snapped);
    const found = await checkGradients({ backbone, head }, input, {
      ...{ method, coefficients },
      read: options.read ?? backbone.training?.read ?? 'last',
      tolerance,
      ...(save === undefined ? {} : { save }),
    });
    report({ model: options.model, backend: backend.name, device: backend.device, ...found }, output);
  } finally {
    for (const item of owned) item.dispose();
  }
}

/** @throws CheckError when the worst error is beyond the tolerance */
function report(
  result: GradcheckResult & { readonly model: string; readonly backend: string; readonly device: string },
  output: Output,
): void {
  const { alpha, beta, worst, compared, parameters, withoutGradient, method, tolerance } = result;
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
  if (!result.passed)
    throw new CheckError(
      `The worst relative gradient error is ${error} in ${worst.parameter}, beyond the tolerance of ${tolerance}. ${advice(method)}`,
      result,
    );
  output.result(result);
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
