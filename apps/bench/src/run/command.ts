/** `bench`: the methods and the peers on every backend; `bench report`: the same from result files. */
import { join } from 'node:path';
import { type BackendName, backendName } from '@dr2net/backends';
import {
  type Case,
  type Changes,
  caseName,
  casesOf,
  failed,
  known,
  rowsOf,
  type Scenario,
  type SubjectName,
  scenarios,
  subjectNames,
  tableOf,
} from 'bench-core';
import { type Command, Option } from 'commander';
import { onInterrupt, repositoryRoot, userPath } from 'jobs';
import { count, counts, names, resultFolder } from '../options.ts';
import { adapterName, findBackends } from './backends.ts';
import { writeReport } from './report.ts';
import { runCases } from './run.ts';

interface Flags {
  scenario: string[];
  backend: BackendName[];
  method?: SubjectName[];
  depth?: number[];
  tokens?: number[];
  batch?: number[];
  chunks?: number;
  repetitions?: number;
  seconds?: number;
  rounds: number;
  out?: string;
  again?: true;
  quick?: true;
  json?: true;
}

const scenarioNames = scenarios.map(({ name }) => name);
const overview = ['small', 'depth', 'tokens'];

function changesOf({ method, depth, tokens, batch, chunks, repetitions, seconds }: Flags): Changes {
  return {
    ...(method && { subjects: method }),
    ...(depth && { depth }),
    ...(tokens && { tokens }),
    ...(batch && { batch }),
    ...(chunks !== undefined && { chunks }),
    ...(repetitions !== undefined && { repetitions }),
    ...(seconds !== undefined && { budgetSeconds: seconds }),
  };
}

/** Every case once, though several scenarios have it. */
function casesOfAll(asked: readonly Scenario[], backends: readonly string[], changes: Changes): Case[] {
  const all = asked.flatMap((scenario) => casesOf(scenario, backends, changes));
  return [...new Map(all.map((one) => [caseName(one), one])).values()];
}

async function folderOf(flags: Flags, backends: readonly BackendName[]): Promise<string> {
  if (flags.out !== undefined) return userPath(flags.out);
  if (flags.quick) return join(repositoryRoot, 'runs', 'bench-quick');
  return resultFolder(await adapterName(backends));
}

async function run(flags: Flags): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const asked = scenarios.filter(({ name }) => (flags.quick ? name === 'quick' : flags.scenario.includes(name)));
  const { names: backends, absent } = await findBackends(flags.backend);
  for (const line of absent) say(line);
  const cases = casesOfAll(asked, backends, changesOf(flags));
  if (cases.length === 0)
    throw new Error('Nothing to measure: none of the backends is there, or none of the methods runs on them.');
  const folder = await folderOf(flags, backends);
  const interruption = onInterrupt();
  try {
    const { results, failures } = await runCases(cases, {
      folder,
      again: flags.quick ?? flags.again ?? false,
      rounds: flags.rounds,
      signal: interruption.signal,
      stream: process.stderr,
    });
    const rows = rowsOf(results);
    const table = writeReport(folder, results, { failures, notes: absent });
    say(`Report: ${join(folder, 'report.html')}`);
    if (flags.json)
      process.stdout.write(
        `${JSON.stringify({ schema: 2, kind: 'bench-table', ...tableOf(rows), failures, results })}\n`,
      );
    else process.stdout.write(table);
    if (failures.length > 0 || rows.some(failed)) process.exitCode = 1;
  } finally {
    interruption.dispose();
  }
}

export function addRun(program: Command): void {
  const scenario = names((given) => known('scenario', given, scenarioNames));
  const method = names((given) => known('method', given, subjectNames));
  program
    .command('run', { isDefault: true })
    .description('a training step by every method and by the peers: time by phase, memory, dispatches, gradients')
    .option('--scenario <list>', scenarios.map(({ name, title }) => `${name}: ${title}`).join('; '), scenario, overview)
    .option(
      '--backend <list>',
      'webgpu, node-gpu, node, wasm, cpu; the first is the one that others are compared with',
      names(backendName),
      ['node-gpu', 'node', 'wasm'],
    )
    .option('--method <list>', `${subjectNames.join(', ')}, instead of the scenario's own`, method)
    .option('--depth <list>', 'blocks', counts)
    .option('--tokens <list>', 'n² + 1 (an image) or 196 · k (a clip of 2k frames)', counts)
    .option('--batch <list>', 'samples', counts)
    .option('--chunks <n>', 'parts in which MLPs work', count(1))
    .option('--repetitions <n>', 'timed steps', count(1))
    .option('--seconds <n>', 'after so long no further step is timed, but for the first three', count(1))
    .option('--rounds <n>', 'processes a case, all cases in turn', count(1), 1)
    .option('--out <folder>', 'folder of the result files (default: results/<date>-<adapter>)')
    .option('--again', 'measure again what has a file')
    .addOption(new Option('--quick', 'the scenario quick, anew, into runs/bench-quick').conflicts('scenario'))
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .action(run);
}
