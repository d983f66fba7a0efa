/** `dr2net plan MODEL`: what every method would take, and the fastest setting that fits a budget; nothing is run. */
import type { Coefficients, Method } from '@dr2net/core';
import type { DryTraining, MemoryModel, PlannedBackend, PlannedOptimizer } from '@dr2net/memory';
import { type Command, Option } from 'commander';
import { addBlocksOption } from '../options/blocks.ts';
import { type TaskName, TaskOptions, taskNames } from '../options/by-task.ts';
import { type MethodOptions, nearlyPretrained } from '../options/method.ts';
import {
  addClipShapeOptions,
  addDepthOption,
  addPictureSizeOption,
  modelOptionsOf,
  requireSquare,
  type ShapeOptions,
} from '../options/model.ts';
import { asGiven, integer, list, number, oneOf } from '../options/values.ts';
import type { Output } from '../output.ts';
import type { CandidateOptions } from '../plan/candidates.ts';
import * as detection from '../tasks/detection/options.ts';
import type { PlanDetectorOptions } from '../tasks/detection/plan.ts';
import * as pointcloud from '../tasks/pointcloud/options.ts';
import type { PlanSegmenterOptions } from '../tasks/pointcloud/plan.ts';

interface PlanOptions
  extends Omit<ShapeOptions, 'size'>,
    PlanDetectorOptions,
    Omit<PlanSegmenterOptions, 'dropout' | 'dropPath'>,
    Pick<MethodOptions, 'alpha' | 'beta'> {
  /** Default: as the model's configuration says. */
  readonly task?: TaskName;
  readonly batch: number;
  readonly optimizer: 'adamw' | 'sgd';
  readonly backend: PlannedBackend;
  readonly update: 'collect' | 'sink';
  readonly accumulate: number;
  readonly chunks: number;
  readonly budget?: string;
}

const backends = ['webgpu', 'node-gpu', 'node', 'wasm', 'cpu'] as const satisfies readonly PlannedBackend[];

export function addPlan(program: Command, output: Output): Command {
  const whole = integer({ min: 1 });
  const command = program
    .command('plan')
    .description('Predict the memory that training takes by every method, and choose the fastest that fits a budget.')
    .argument('<model>', 'a model folder, its http(s) address, a hub id, or a published size such as videomae-base');
  command.addOption(
    new Option(
      '--task <name>',
      'pointcloud, detection: a new segmenter or detector around the blocks of an image model',
    ).argParser(oneOf(taskNames)),
  );
  const options = new TaskOptions(command);
  addDepthOption(command);
  options.of('video', addClipShapeOptions);
  options.of(['video', 'detection'], addPictureSizeOption);
  options.of('pointcloud', (of) => {
    of.optionsGroup('Point clouds:')
      .option('--points <n>', 'points of a sample (default: as saved with the model, or 4096)', integer({ min: 16 }))
      .option('--features <a,b>', 'height, position, colour, intensity, or others (default: height)', list);
    pointcloud.addSegmenterOptions(of);
  });
  options.of('detection', detection.addDetectionsOption);
  options.of(['pointcloud', 'detection'], addBlocksOption);
  return command
    .optionsGroup('Training:')
    .option('--batch <samples>', 'clips, clouds or images in a batch', whole, 1)
    .option('--accumulate <batches>', 'batches that make one step', whole, 1)
    .option('--chunks <n>', 'parts in which sub-blocks work (default, with --budget: as many as it needs)', whole, 1)
    .option('--classes <n>', "classes of the head (default: a saved segmenter's or detector's own, or 10)", whole)
    .addOption(new Option('--optimizer <name>', 'adamw or sgd').argParser(oneOf(['adamw', 'sgd'])).default('adamw'))
    .addOption(
      new Option('--update <when>', 'collect, or sink, which saves the gradients')
        .argParser(oneOf(['collect', 'sink']))
        .default('collect'),
    )
    .addOption(
      new Option('--backend <name>', `whose memory is predicted: ${backends.join(', ')}`)
        .argParser(oneOf(backends))
        .default('webgpu'),
    )
    .option('--alpha <number>', 'α of exact and reversible (default: 63/64)', number())
    .option('--beta <number>', 'β of exact and reversible (default: 1/64)', number())
    .option(
      '--budget <size>',
      "choose the fastest setting that fits: 2GB, 1.5GiB, or device for the backend's own limit",
    )
    .action((model: string, given: PlanOptions) => plan(model, given, options, output));
}

/** The methods of the table, as they are usually run. */
function shown({ alpha, beta }: Coefficients): readonly { method: Method; coefficients: Coefficients }[] {
  const pretrained = { alpha: 1, beta: 0 };
  return [
    { method: { name: 'conventional' }, coefficients: pretrained },
    { method: { name: 'checkpoint' }, coefficients: pretrained },
    { method: { name: 'exact' }, coefficients: { alpha, beta } },
    { method: { name: 'reversible' }, coefficients: { alpha, beta } },
    { method: { name: 'frozen' }, coefficients: pretrained },
  ];
}

/** @throws UsageError for options of another task */
async function modelToPlan(source: string, given: PlanOptions, taskOptions: TaskOptions) {
  const { loadMemoryModel, readPublishedConfig } = await import('@dr2net/models');
  const { settledTask, taskOfConfig } = await import('../tasks/task-of.ts');
  const config = await readPublishedConfig(source);
  const task = settledTask(source, given.task, taskOfConfig(config));
  const options = taskOptions.settle(given, task);
  if (task === 'pointcloud') {
    const { segmenterToPlan } = await import('../tasks/pointcloud/plan.ts');
    return segmenterToPlan(source, config, options);
  }
  if (task === 'detection') {
    const { detectorToPlan } = await import('../tasks/detection/plan.ts');
    return detectorToPlan(source, config, options);
  }
  const { classes = 10, size, ...shape } = options;
  const square = requireSquare(size);
  return {
    model: await loadMemoryModel(
      source,
      { classes },
      modelOptionsOf({ ...shape, ...(square !== undefined && { size: square }) }),
    ),
    classes,
  };
}

async function plan(source: string, options: PlanOptions, taskOptions: TaskOptions, output: Output): Promise<void> {
  const { formatBytes, planned } = await import('@dr2net/memory');
  const { candidate } = await import('../plan/candidates.ts');
  const { planTable, rowJson } = await import('../plan/table.ts');
  const { snappedInWords } = await import('@dr2net/core');
  const { coefficientsOf } = await import('../options/coefficients.ts');
  const { batch, accumulate, update, chunks, backend } = options;
  const optimizer: PlannedOptimizer = options.optimizer;
  const training: DryTraining = {
    ...{ optimizer, accumulate, update, chunks, clip: false, ema: false },
    decay: optimizer === 'adamw',
  };
  const walk = options.alpha === undefined && options.beta === undefined;
  const coefficients = coefficientsOf(options, { name: 'exact' }, nearlyPretrained);
  const snapped = snappedInWords({ name: 'exact' }, coefficients);
  if (snapped) output.note(snapped);
  const { model, classes } = await modelToPlan(source, options, taskOptions);
  const base: Omit<CandidateOptions, 'coefficients'> = {
    backend,
    read: 'last',
    batch,
    training,
    split: true,
    walk: false,
  };
  const rows = shown(coefficients).map((row) =>
    planned(
      model,
      candidate(
        model,
        { ...base, coefficients: row.coefficients },
        { method: row.method, batch, accumulate, update, chunks },
      ),
    ),
  );
  // Chosen before anything is printed: a budget that cannot be kept is refused.
  const chosen =
    options.budget === undefined ? undefined : await choose(model, { ...base, coefficients, walk }, options);

  output.line(
    `${model.title}, batch ${batch}, ${options.optimizer}, ${backend}: ${rows.map(({ title, needBytes }) => `${title} ${formatBytes(needBytes)}`).join(', ')}`,
  );
  output.line();
  output.line(planTable(rows));
  if (chosen) output.line(`\nchosen: ${chosen.words}`);
  output.result({
    model: model.title,
    source,
    ...{ backend, batch, accumulate, update, chunks, classes, optimizer: options.optimizer },
    ...coefficients,
    parameters: model.parameterCount,
    subBlocks: model.subBlocks,
    methods: rows.map(rowJson),
    ...(chosen ? { budgetBytes: chosen.bytes, chosen: chosen.json, leaner: chosen.leaner } : {}),
  });
}

async function choose(model: MemoryModel, options: CandidateOptions, { budget = '', backend }: PlanOptions) {
  const { budgetBytes, planFor, planInWords } = await import('../plan/budget.ts');
  const { rowJson } = await import('../plan/table.ts');
  const { startBackend } = await import('@dr2net/backends');
  const started = budget === 'device' ? await startBackend(backend, { selfTest: false }) : undefined;
  try {
    const bytes = asGiven(`--budget ${budget}`, () => budgetBytes(budget, backend, () => started?.limits));
    const plan = planFor(model, options, bytes);
    return {
      bytes,
      words: planInWords(plan, { bytes, words: model.words, how: 'predicted' }),
      json: rowJson(plan.chosen),
      leaner: plan.leaner.map(rowJson),
    };
  } finally {
    started?.dispose();
  }
}
