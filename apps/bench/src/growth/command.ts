/** `bench growth`. */
import { join } from 'node:path';
import { formatBytes } from '@dr2net/memory';
import { methodNames } from 'bench-core';
import { count, resultFolder } from 'bench-core/node';
import type { Command } from 'commander';
import { onInterrupt, provenance, userPath, writeJson } from 'jobs';
import { measureInChild } from '../child-process.ts';
import type { GrowthMeasurement } from './measure.ts';

interface Flags {
  backend: string;
  steps: number;
  out?: string;
  json?: true;
}

async function run(flags: Flags): Promise<void> {
  const interruption = onInterrupt();
  try {
    const folder = flags.out ? userPath(flags.out) : resultFolder(flags.backend);
    const measurements: GrowthMeasurement[] = [];
    for (const method of methodNames.filter((name) => name !== 'frozen')) {
      process.stderr.write(`${method}, ${flags.steps} steps, ${flags.backend} …\n`);
      const settings = { backend: flags.backend, method, steps: flags.steps };
      measurements.push(await measureInChild<GrowthMeasurement>('./growth/child.ts', settings, interruption));
    }
    const result = { schema: 1, kind: 'growth', ...provenance(), measurements };
    writeJson(join(folder, `growth-${flags.backend}.json`), result);
    const grown = measurements.filter(
      ({ early, late }) => late.tensors !== early.tensors || late.bytes !== early.bytes,
    );
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else for (const measurement of measurements) process.stdout.write(`${line(measurement)}\n`);
    if (grown.length > 0 || measurements.some(({ identical }) => identical === false)) process.exitCode = 1;
  } finally {
    interruption.dispose();
  }
}

function line({ settings, early, late, deviceKind, firstLoss, lastLoss, identical }: GrowthMeasurement): string {
  const device = `${deviceKind} ${formatBytes(early.deviceBytes)} → ${formatBytes(late.deviceBytes)}`;
  const loss = `loss ${firstLoss.toFixed(3)} → ${lastLoss.toFixed(3)}`;
  const rebuilt =
    identical === undefined ? '' : identical ? ', rebuilt bit for bit in every step' : ', REBUILT STATES DIFFER';
  return `${settings.method}: ${late.tensors - early.tensors} tensors, ${late.bytes - early.bytes} bytes more; ${device}; ${loss}${rebuilt}`;
}

export function addGrowth(program: Command): void {
  program
    .command('growth')
    .description('many training steps of a tiny network by every method: do tensors or bytes pile up?')
    .option('--backend <name>', 'wasm, node, node-gpu, webgpu or cpu', 'wasm')
    .option('--steps <n>', 'steps', count(11), 500)
    .option('--out <folder>', 'folder of the result file (default: results/<date>-<backend>)')
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .action(run);
}
