/** `bench errors`. */
import { join } from 'node:path';
import { count, resultFolder } from 'bench-core/node';
import type { Command } from 'commander';
import { errorCharts } from 'dr2net/report';
import { onInterrupt, provenance, userPath, writeFileWhole, writeJson } from 'jobs';
import { measureInChild } from '../child-process.ts';
import { writePictures } from '../pictures.ts';
import { type ErrorMap, type ErrorSettings, mapSize, protocolSize, wirings } from './settings.ts';
import { errorTables } from './table.ts';

interface Flags {
  backend: string;
  depth: number[];
  protocol: boolean;
  out?: string;
  json?: true;
}

async function run(flags: Flags): Promise<void> {
  const interruption = onInterrupt();
  try {
    const folder = flags.out ? userPath(flags.out) : resultFolder(flags.backend);
    const settings: ErrorSettings = {
      ...mapSize,
      backend: flags.backend,
      depths: flags.depth,
      coefficients: wirings,
      seed: 1,
      ...(flags.protocol && { protocol: protocolSize }),
    };
    process.stderr.write(
      `gradients at ${wirings.length} (α, β) and ${flags.depth.length} depths on ${flags.backend} …\n`,
    );
    const measured = await measureInChild<ErrorMap>('./errors/child.ts', settings, interruption);
    const result = { schema: 1, kind: 'errors', ...provenance(), settings, ...measured };
    const tables = errorTables(measured);
    const charts = errorCharts(measured.points.map(({ way, ...point }) => ({ label: way, ...point })));
    writeJson(join(folder, 'errors.json'), result);
    writeFileWhole(join(folder, 'errors.md'), tables);
    await writePictures(folder, 'errors', charts, { columns: 3 });
    process.stderr.write(`Results: ${folder}\n`);
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : tables);
  } finally {
    interruption.dispose();
  }
}

export function addErrors(program: Command): void {
  program
    .command('errors')
    .description('worst gradient error against float64 over (α, β) and depth, by every way of having the activations')
    .option('--backend <name>', 'wasm, node, node-gpu, webgpu or cpu', 'node')
    .option('--depth <list>', 'blocks', (text) => text.split(',').map(count(1)), [2, 6, 12, 24])
    .option('--no-protocol', "leave out the authors' protocol (12 blocks, width 384, 1024 tokens: minutes)")
    .option('--out <folder>', 'folder of the result files (default: results/<date>-<backend>)')
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .action(run);
}
