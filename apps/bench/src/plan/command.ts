/** `bench plan`. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { predictionChart } from 'dr2net/report';
import { onInterrupt, repositoryRoot, userPath, writeFileWhole, writeJson } from 'jobs';
import { writePictures } from '../pictures.ts';
import { type Compared, runPlan } from './run.ts';
import { nameOf, planSettings } from './settings.ts';
import { planSummary, planTable, tolerance } from './table.ts';

interface Flags {
  backend: string[];
  out?: string;
  again?: true;
  only?: string;
  json?: true;
}

function chartOf(backend: string, results: readonly Compared[]) {
  return predictionChart(
    `${backend}: ${results[0]?.measured.deviceKind ?? ''}`,
    results.map(({ name, measured, predicted }) => ({
      name,
      label: measured.settings.method.replace(/-.*/, ''),
      measuredBytes: measured.deviceBytes,
      predictedBytes: predicted.deviceBytes,
    })),
    tolerance,
  );
}

async function run(flags: Flags): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  const folder = flags.out ? userPath(flags.out) : join(repositoryRoot, 'results', `${day}-plan`);
  const interruption = onInterrupt();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  try {
    const all = new Map<string, Compared[]>();
    for (const backend of flags.backend) {
      const list = planSettings(backend).filter((setting) => nameOf(setting).includes(flags.only ?? ''));
      if (list.length === 0)
        throw new InvalidArgumentError(
          `--only ${flags.only}: no setting's name contains it; they are listed in results/*-plan.`,
        );
      all.set(backend, await runPlan(list, { folder, again: flags.again ?? false, signal: interruption.signal, say }));
    }
    const sections = [...all].map(
      ([backend, results]) => `## ${backend}\n\n${planSummary(backend, results)}\n\n${planTable(results)}\n`,
    );
    if (flags.only === undefined) {
      const charts = [...all].map(([backend, results]) => chartOf(backend, results));
      writeFileWhole(join(folder, 'plan.md'), sections.join('\n'));
      await writePictures(folder, 'plan', charts, { columns: 3 });
      writeJson(join(folder, 'predictions.json'), {
        schema: 1,
        kind: 'plan-predictions',
        predictions: [...all.values()].flat().map(({ measured, predicted, error }) => ({
          ...measured.settings,
          ...predicted,
          error,
        })),
      });
    }
    if (flags.json) process.stdout.write(`${JSON.stringify(Object.fromEntries(all))}\n`);
    else process.stdout.write(`${sections.join('\n')}\n`);
  } finally {
    interruption.dispose();
  }
}

export function addPlan(program: Command): void {
  program
    .command('plan')
    .description("the planner's predictions against measured device peaks, one process a setting")
    .option('--backend <list>', 'wasm, node, webgpu', (text) => text.split(','), ['wasm', 'node', 'webgpu'])
    .option('--only <text>', 'settings whose name contains this (chunks4, dinov2, exact-sink); writes no table')
    .option('--out <folder>', 'folder of the result files (default: results/<date>-plan)')
    .option('--again', 'measure again what has a file')
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .action(run);
}
