/** `bench frontier`. */
import { basename, join } from 'node:path';
import { formatBytes } from '@dr2net/memory';
import { markdownTable } from 'bench-core/markdown';
import { count, resultFolder } from 'bench-core/node';
import type { Command } from 'commander';
import { frontierChart } from 'dr2net/report';
import { onInterrupt, provenance, repositoryRoot, userPath, writeFileWhole, writeJson } from 'jobs';
import { measureInChild } from '../child-process.ts';
import { writePictures } from '../pictures.ts';
import type { FrontierMeasurement, FrontierResult, FrontierSettings } from './settings.ts';

interface Flags {
  backend: string;
  model: string;
  depth?: number;
  input?: string;
  out?: string;
  json?: true;
}

const embedded = join(repositoryRoot, 'packages', 'dr2net', 'example');

export function frontierTable(points: readonly FrontierMeasurement[]): string {
  const head = [
    ...['method', 'α', 'β', 'change of the output', 'side information, bits an element and sub-block'],
    ...['kept from forward to backward', 'activation peak'],
  ];
  const body = points.map(({ name, beta, departure, sideBits, stateBytes, sideBytes, activationPeakBytes }) => [
    name,
    String(1 - beta),
    String(beta),
    departure === 0 ? '0' : departure.toPrecision(2),
    name === 'exact' ? sideBits.toFixed(2) : '–',
    // Conventional keeps every sub-block's internals, which no report counts.
    name === 'conventional' ? '–' : formatBytes(stateBytes + sideBytes),
    formatBytes(activationPeakBytes),
  ]);
  return markdownTable(head, body);
}

async function run(flags: Flags): Promise<void> {
  const interruption = onInterrupt();
  try {
    const folder = flags.out ? userPath(flags.out) : resultFolder(flags.backend);
    const settings: FrontierSettings = {
      backend: flags.backend,
      model: flags.model === embedded ? embedded : userPath(flags.model),
      ...(flags.depth !== undefined && { depth: flags.depth }),
      ...(flags.input && { input: userPath(flags.input) }),
    };
    process.stderr.write(`${basename(settings.model)} on ${settings.backend} …\n`);
    const measured = await measureInChild<FrontierResult>('./frontier/child.ts', settings, interruption);
    const { backend, model, input, ...rest } = settings;
    // Folders of the machine stay out of what is committed.
    const named = { ...rest, model: basename(model), ...(input && { input: basename(input) }) };
    const result = { schema: 1, kind: 'frontier', ...provenance(), settings: named, ...measured };
    const table = frontierTable(measured.points);
    const charts = [frontierChart(measured.points.map(({ name, ...point }) => ({ label: name, ...point })))];
    writeJson(join(folder, 'frontier.json'), result);
    writeFileWhole(join(folder, 'frontier.md'), `${table}\n`);
    await writePictures(folder, 'frontier', charts);
    process.stderr.write(`Results: ${folder}\n`);
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : `${table}\n`);
  } finally {
    interruption.dispose();
  }
}

export function addFrontier(program: Command): void {
  program
    .command('frontier')
    .description('memory of a training step against departure from the pretrained network, over β of exact')
    .option('--backend <name>', 'wasm, node, node-gpu, webgpu or cpu', 'node')
    .option('--model <folder>', 'pretrained weights (default: those of the embedded example)', embedded)
    .option('--depth <n>', 'blocks', count(1))
    .option('--input <file>', 'safetensors with input.pixel_values or input, channels first (default: random pixels)')
    .option('--out <folder>', 'folder of the result files (default: results/<date>-<backend>)')
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .action(run);
}
