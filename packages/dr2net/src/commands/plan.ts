/** `dr2net plan MODEL`: what every method would take, and the fastest setting that fits a budget; nothing is run. */
import type { Coefficients, Method } from '@dr2net/core';
import type { DryTraining, MemoryModel, PlannedBackend, PlannedOptimizer } from '@dr2net/memory';
import { type Command, Option } from 'commander';
import { coefficientsOf, type MethodOptions, nearlyPretrained } from '../options/method.ts';
import { addShapeOptions, modelOptionsOf, type ShapeOptions } from '../options/model.ts';
import { integer, number, oneOf } from '../options/values.ts';
import { type Output, textTable } from '../output.ts';
import type { CandidateOptions, Choice } from '../plan/candidates.ts';

interface PlanOptions extends ShapeOptions, Pick<MethodOptions, 'alpha' | 'beta'> {
  readonly batch: number;
  readonly classes: number;
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
  return addShapeOptions(command)
    .optionsGroup('Training:')
    .option('--batch <clips>', 'clips in a batch', whole, 1)
    .option('--accumulate <batches>', 'batches that make one step', whole, 1)
    .option('--chunks <n>', 'parts in which sub-blocks work (default, with --budget: as many as it needs)', whole, 1)
    .option('--classes <n>', 'classes of the head', whole, 10)
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
    .action((model: string, options: PlanOptions) => plan(model, options, output));
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

async function plan(source: string, options: PlanOptions, output: Output): Promise<void> {
  const { formatBytes, planned } = await import('@dr2net/memory');
  const { loadMemoryModel } = await import('@dr2net/models');
  const { candidate } = await import('../plan/candidates.ts');
  const { snappedInWords } = await import('@dr2net/core');
  const { batch, accumulate, update, chunks, backend, classes } = options;
  const optimizer: PlannedOptimizer = options.optimizer;
  const training: DryTraining = {
    ...{ optimizer, accumulate, update, chunks, clip: false, ema: false },
    decay: optimizer === 'adamw',
  };
  const walk = options.alpha === undefined && options.beta === undefined;
  const coefficients = coefficientsOf(options, 'exact', nearlyPretrained);
  const snapped = snappedInWords({ name: 'exact' }, coefficients);
  if (snapped) output.note(snapped);
  const model = await loadMemoryModel(source, { classes }, modelOptionsOf(options));
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
  output.line(table(rows, formatBytes));
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

type Rows = readonly import('@dr2net/memory').Planned<Choice>[];

function rowJson({ title, choice, needBytes, prediction, relativeTime }: Rows[number]) {
  const { deviceBytes, peakBytes, activationPeakBytes, kinds } = prediction;
  return { title, ...choice, needBytes, deviceBytes, peakBytes, activationPeakBytes, kinds, work: relativeTime };
}

async function choose(model: MemoryModel, options: CandidateOptions, { budget = '', backend }: PlanOptions) {
  const { budgetBytes, planFor, planInWords } = await import('../plan/budget.ts');
  const { startBackend } = await import('@dr2net/backends');
  const started = budget === 'device' ? await startBackend(backend, { selfTest: false }) : undefined;
  try {
    const bytes = budgetBytes(budget, backend, () => started?.limits);
    const plan = planFor(model, options, bytes);
    return {
      bytes,
      words: planInWords(plan, bytes),
      json: rowJson(plan.chosen),
      leaner: plan.leaner.map(rowJson),
    };
  } finally {
    started?.dispose();
  }
}

/** Columns of kinds that belong together. */
const columns: readonly (readonly [string, readonly string[]])[] = [
  ['parameters', ['parameters', 'average']],
  ['gradients', ['gradients']],
  ['slots', ['slots']],
  ['states', ['states', 'anchors']],
  ['side', ['side']],
  ['internals', ['internals', 'update']],
  ['stem, head', ['stem and head', 'batch']],
  ['scratch', ['scratch']],
];

function table(rows: Rows, formatBytes: (bytes: number) => string): string {
  const unit = rows[0]?.relativeTime ?? 1;
  return textTable(
    ['method', 'all', ...columns.map(([name]) => name), 'activations', 'work'],
    rows.map(({ title, needBytes, prediction, relativeTime }) => {
      const bytes = new Map<string, number>(Object.entries(prediction.kinds));
      return [
        title,
        formatBytes(needBytes),
        ...columns.map(([, kinds]) => formatBytes(kinds.reduce((sum, kind) => sum + (bytes.get(kind) ?? 0), 0))),
        formatBytes(prediction.activationPeakBytes),
        `× ${(relativeTime / unit).toFixed(2)}`,
      ];
    }),
  );
}
