/**
 * What `npm start` runs: a small pretrained video transformer, finetuned on small clips by three methods, one process
 * each, through the command line as a user would. Offline.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { motions } from 'dr2net/example';
import { comparisonReport, comparisonRows, parseMetrics, type RunLog } from 'dr2net/report';
import { dr2net, InterruptedError, onInterrupt, repositoryRoot, userPath, writeFileWhole, writeJson } from 'jobs';
import { writeDataset } from './data/dataset.ts';
import { modelFolder } from './folder.ts';
import { type Method, methods } from './methods.ts';
import { measurePlain, type PlainFigures } from './plain.ts';
import { sideBySide } from './side-by-side.ts';
import { resultTable } from './table.ts';

interface Flags {
  backend: string;
  epochs: string;
  atOnce: number;
  out: string;
  plain: boolean;
  json?: true;
}

const batch = 16;
/** Of AdamW; the embedded weights are small, and so short a run needs a quick rate. */
const learningRate = '1e-3';

const say = (line = '') => process.stderr.write(`${line}\n`);

/** One method's run, from its folder. Side by side with others its lines begin with its name. */
async function finetune(method: Method, flags: Flags, clips: string, signal: AbortSignal): Promise<RunLog> {
  const out = join(flags.out, method.name);
  rmSync(out, { recursive: true, force: true });
  await dr2net(
    [
      ...['finetune', '--model', modelFolder, '--data', clips, '--out', out, '--backend', flags.backend],
      ...['--epochs', flags.epochs, '--batch', String(batch), '--lr', learningRate, '--label-smoothing', '0.1'],
      // Mirrored, a clip that moves left moves right; cropped, one that stays seems to grow.
      ...['--no-flip', '--no-crop', '--no-inspect', '--cache', join(flags.out, 'decoded'), ...method.options],
    ],
    { signal, ...(flags.atOnce > 1 && { onLine: (line: string) => say(`${method.name.padEnd(12)}  ${line}`) }) },
  );
  return { ...parseMetrics(readFileSync(join(out, 'metrics.jsonl'), 'utf8')), label: method.name };
}

/** The peer's figures; the comparison of the methods does not depend on them, so their failure is only told. */
async function plainFigures(backend: string, signal: AbortSignal): Promise<PlainFigures | undefined> {
  say('\nPlain TensorFlow.js, the same network: measuring three steps');
  try {
    return await measurePlain({ model: modelFolder, backend, classes: motions.length, batch }, signal);
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    say(`It could not be measured: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

async function run(flags: Flags): Promise<void> {
  const started = performance.now();
  const interruption = onInterrupt();
  const { signal } = interruption;
  try {
    const weights = join(modelFolder, 'model.safetensors');
    if (!existsSync(weights))
      throw new Error(`${weights} is missing. Restore it from git, or run: pnpm --filter start pretrain`);
    const clips = join(flags.out, 'clips');
    say('Clips: handwritten digits moving over textures, in 8 classes of motion.');
    const made = await writeDataset(clips, (done, total) => {
      signal.throwIfAborted();
      if (done % 80 === 0) say(`  ${done} of ${total} written`);
    });
    say(`  ${clips}${made ? '' : ' (from an earlier run)'}`);
    const logs = await sideBySide(methods, flags.atOnce, signal, (method, stop) => {
      say(`\n${methods.indexOf(method) + 1}/${methods.length}  ${method.name}: ${method.says}`);
      return finetune(method, flags, clips, stop);
    });
    const backend = String(logs[0]?.settings.backend ?? flags.backend).split(' ')[0] ?? flags.backend;
    const plain = flags.plain ? await plainFigures(backend, signal) : undefined;
    const rows = comparisonRows(logs);
    const report = join(flags.out, 'report.html');
    const notes = [
      'A small video ViT, pretrained on unlabelled clips, finetuned by each method in a process of its own, from the same weights, in the same order of clips.',
      '160 validation clips: one clip is 0.6 %. One seed: differences of a few per cent between the methods mean nothing.',
    ];
    writeFileWhole(report, comparisonReport(logs, { title: 'Three ways of finetuning', notes }));
    const result = { schema: 1, backend, rows, plain };
    writeJson(join(flags.out, 'result.json'), result);
    say();
    if (flags.json) process.stdout.write(`${JSON.stringify({ ...result, report })}\n`);
    else for (const line of resultTable(rows, plain)) process.stdout.write(`${line}\n`);
    if (plain) say('* forward and backward only; the methods update the parameters too.');
    say(`\nReport: ${report}\nTook ${Math.round((performance.now() - started) / 1000)} s on ${backend}.`);
  } finally {
    interruption.dispose();
  }
}

/** Up to two: wasm runs on one core, and peaks of memory are each process's own. */
const defaultAtOnce = Math.min(2, availableParallelism());

function count(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Give a whole number, 1 or more.');
  return value;
}

const program = new Command('start')
  .description('Finetunes the embedded video transformer on the embedded clips by three methods.')
  .option('--backend <name>', 'webgpu, node-gpu, node, wasm, cpu or auto', 'auto')
  .option('--epochs <n>', 'epochs of each method', '6')
  .option('--at-once <n>', 'methods that run side by side; 1 for times that are not shared', count, defaultAtOnce)
  .option('--out <folder>', 'clips, runs and report', userPath, join(repositoryRoot, 'runs', 'start'))
  .option('--no-plain', 'leave out the measurement of plain TensorFlow.js')
  .option('--json', 'print one JSON object on standard output, everything else on standard error')
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  say(
    error instanceof InterruptedError
      ? `\n${error.message} Start again to begin anew.`
      : `\n${error instanceof Error ? error.message : error}`,
  );
  process.exitCode = error instanceof InterruptedError ? error.exitCode : 1;
}
