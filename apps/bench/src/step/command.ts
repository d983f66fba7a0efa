/** `bench step` and `bench memory`. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { onInterrupt, repositoryRoot, userPath, writeFileWhole } from 'jobs';
import { runSteps } from './run.ts';
import { fullSize, type MeasuredName, measuredNames, quickSize, type StepSettings } from './settings.ts';
import { stepRows, stepTable } from './table.ts';

interface Flags {
  backend: string;
  depth: number[];
  method: MeasuredName[];
  warmup: number;
  repetitions: number;
  rounds: number;
  out?: string;
  again?: true;
  quick?: true;
  json?: true;
}

export const count =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return value;
  };

function methods(text: string): MeasuredName[] {
  return text.split(',').map((part) => {
    const found = measuredNames.find((name) => name === part.trim());
    if (!found) throw new InvalidArgumentError(`"${part}" is none of ${measuredNames.join(', ')}.`);
    return found;
  });
}

/** Where results go by default: `results/<date>-<backend>`, or a folder of its own for `--quick`. */
export function resultFolder(backend: string, quick: boolean): string {
  const day = new Date().toISOString().slice(0, 10);
  return quick
    ? join(repositoryRoot, 'runs', 'bench-quick', backend)
    : join(repositoryRoot, 'results', `${day}-${backend}`);
}

/** @param name of the table's file: the command's */
async function run(name: string, flags: Flags): Promise<void> {
  const quick = flags.quick ?? false;
  const folder = flags.out ? userPath(flags.out) : resultFolder(flags.backend, quick);
  const list: StepSettings[] = flags.depth.flatMap((depth) =>
    flags.method.map((measured) => ({
      ...(quick ? quickSize : fullSize),
      ...{ depth, measured, backend: flags.backend, warmup: flags.warmup, repetitions: flags.repetitions },
    })),
  );
  const interruption = onInterrupt();
  try {
    const results = await runSteps(list, {
      folder,
      again: quick || (flags.again ?? false),
      rounds: flags.rounds,
      signal: interruption.signal,
      say: (line) => process.stderr.write(`${line}\n`),
    });
    const rows = stepRows(results);
    const table = stepTable(rows, { times: name !== 'memory' });
    if (!quick) writeFileWhole(join(folder, `${name}-${flags.backend}.md`), `${table}\n`);
    process.stderr.write(`Results: ${folder}\n`);
    process.stdout.write(
      flags.json ? `${JSON.stringify({ schema: 1, kind: 'step-table', rows, results })}\n` : `${table}\n`,
    );
    if (results.length < list.length || rows.some(({ checks }) => checks.some((check) => /^[A-Z]{3}/.test(check))))
      process.exitCode = 1;
  } finally {
    interruption.dispose();
  }
}

export function addStep(program: Command): void {
  const common = (command: Command, depth: number[], method: readonly MeasuredName[], repetitions: number) =>
    command
      .option('--backend <name>', 'wasm, node, node-gpu, webgpu or cpu', 'wasm')
      .option('--depth <list>', 'blocks', (text) => text.split(',').map(count(1)), depth)
      .option('--method <list>', measuredNames.join(', '), methods, [...method])
      .option('--warmup <n>', 'steps before the first timed one', count(1), 1)
      .option('--repetitions <n>', 'timed steps', count(1), repetitions)
      .option('--rounds <n>', 'processes a method, all methods in turn', count(1), 1)
      .option('--out <folder>', 'folder of the result files (default: results/<date>-<backend>)')
      .option('--again', 'measure again what has a file')
      .option('--quick', 'a tiny network, to see that everything runs')
      .option('--json', 'print one JSON object on standard output, everything else on standard error')
      .action((flags: Flags) => run(command.name(), flags));
  common(program.command('step'), [12], measuredNames, 5).description(
    'a training step (forward, loss, backward) of a ViT-S/16 at 224 pixels, batch 4, by every method and by plain TensorFlow.js',
  );
  common(program.command('memory'), [6, 12, 24], ['reversible', 'exact', 'conventional'], 1).description(
    'the same at several depths, timed once: does the activation peak grow with depth?',
  );
}
