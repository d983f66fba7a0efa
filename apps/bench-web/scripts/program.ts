/** The command line: what is measured, and which options go together. */
import { known } from 'bench-core';
import {
  addCaseOptions,
  addLargestOptions,
  type CaseFlags,
  casesAsked,
  count,
  finish,
  finishLargest,
  type LargestFlags,
  largestAsked,
  names,
  runCases,
  runLargest,
} from 'bench-core/node';
import { Command, Option } from 'commander';
import { withPage } from './drive.ts';
import { serve } from './serve.ts';

interface RunFlags extends CaseFlags {
  backend: string[];
  serve?: true;
  open?: true;
  port?: number;
}

const pageBackends = ['webgpu', 'wasm'] as const;
const defaultPort = 4173;
const backends = names((given) => known('backend of a page', given, pageBackends));

async function measureCases(flags: RunFlags): Promise<void> {
  const cases = casesAsked(flags, flags.backend);
  await withPage(flags, async ({ page, folder, signal, versions, note }) => {
    const outcome = await runCases(cases, {
      ...{ folder, signal, versions, stream: process.stderr },
      again: flags.quick ?? flags.again ?? false,
      rounds: flags.rounds,
      measure: (one, onProgress) => page.measure(one, onProgress),
    });
    process.exitCode = finish(outcome, { folder, json: flags.json ?? false, notes: [note] });
  });
}

function run(flags: RunFlags, command: Command): Promise<void> {
  if (flags.serve || flags.open) return serve(flags.port ?? defaultPort, flags.open ?? false);
  if (flags.port !== undefined)
    command.error("error: option '--port <n>' is of the page in your own browser: give --open or --serve too.");
  return measureCases(flags);
}

async function largest(flags: LargestFlags & { backend: string[] }): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const list = largestAsked(flags, flags.backend);
  await withPage(flags, async ({ page, folder, signal, versions, note }) => {
    const results = await runLargest(list, {
      ...{ folder, signal, versions, say, again: flags.again ?? false },
      search: (settings) => page.largest(settings, flags.proveSeconds, (line) => say(`  ${line}`)),
    });
    process.exitCode = finishLargest(results, { folder, json: flags.json ?? false, notes: [note] });
  });
}

function runCommand(): Command {
  const command = new Command('run')
    .description('a training step by every method, in headless Chromium; or the page in your own browser')
    .option('--backend <list>', 'webgpu, wasm; the first is the one that the other is compared with', backends, [
      ...pageBackends,
    ]);
  addCaseOptions(command, ['small']);
  // In your own browser the page's form asks what to measure.
  const ofCases = command.options.map((option) => option.attributeName());
  return command
    .addOption(
      new Option('--serve', 'serve the page for your own browser and open nothing').conflicts([...ofCases, 'open']),
    )
    .addOption(new Option('--open', 'serve the page and open it in your own browser').conflicts(ofCases))
    .option('--port <n>', `where to serve it (default: ${defaultPort})`, count(1))
    .action(run);
}

export function makeProgram(): Command {
  const program = new Command('bench:web').description(
    'the benchmark in a page: driven in headless Chromium, or served for your own browser',
  );
  program.addCommand(runCommand(), { isDefault: true });
  const command = program
    .command('largest')
    .description('the deepest network, longest clip and largest batch that each method trains under a byte limit')
    .option('--backend <list>', 'webgpu, wasm', backends, [...pageBackends]);
  addLargestOptions(command).action(largest);
  return program;
}
