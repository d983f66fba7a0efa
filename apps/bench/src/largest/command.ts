/** `bench largest`. */
import { join } from 'node:path';
import { type BackendName, backendName } from '@dr2net/backends';
import { parseBytes } from '@dr2net/memory';
import {
  axisNames,
  known,
  type LargestSettings,
  largestHead,
  largestRows,
  type MethodName,
  methodNames,
  resultSchema,
} from 'bench-core';
import { markdownTable } from 'bench-core/markdown';
import { adapterName, count, findBackends, names, resultFolder, runLargest, writeReport } from 'bench-core/node';
import type { Proof } from 'bench-core/prove';
import { type Command, InvalidArgumentError } from 'commander';
import { onInterrupt, userPath, writeFileWhole } from 'jobs';
import { measureInChild } from '../child-process.ts';

interface Flags {
  backend: BackendName[];
  limit: number;
  axis: (typeof axisNames)[number][];
  method: MethodName[];
  width?: number;
  heads?: number;
  proveSeconds: number;
  out?: string;
  again?: true;
  json?: true;
}

function bytes(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

async function run(flags: Flags): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const { names: backends, absent } = await findBackends(flags.backend);
  for (const line of absent) say(line);
  const list = backends.flatMap((backend) =>
    flags.axis.flatMap((axis) =>
      flags.method.map(
        (method): LargestSettings => ({
          ...{ backend, axis, method, limitBytes: flags.limit },
          ...(flags.width !== undefined && { width: flags.width }),
          ...(flags.heads !== undefined && { heads: flags.heads }),
        }),
      ),
    ),
  );
  if (list.length === 0) throw new Error('Nothing to search: none of the backends is there.');
  const folder = flags.out === undefined ? resultFolder(await adapterName(backends)) : userPath(flags.out);
  const { signal, dispose } = onInterrupt();
  try {
    const results = await runLargest(list, {
      ...{ folder, say, again: flags.again ?? false, proveSeconds: flags.proveSeconds },
      prove: (order) => measureInChild<Proof>('./largest/child.ts', order, { signal }),
    });
    const table = `${markdownTable(largestHead, largestRows(results))}\n`;
    writeFileWhole(join(folder, 'largest.md'), table);
    writeReport(folder, undefined, { notes: absent });
    say(`Report: ${join(folder, 'report.html')}`);
    process.stdout.write(
      flags.json ? `${JSON.stringify({ schema: resultSchema, kind: 'bench-largest-table', results })}\n` : table,
    );
    if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
  } finally {
    dispose();
  }
}

export function addLargest(program: Command): void {
  program
    .command('largest')
    .description('the deepest network, longest clip and largest batch that each method trains under a byte limit')
    .option('--backend <list>', 'webgpu, node-gpu, node, wasm', names(backendName), ['node-gpu', 'node', 'wasm'])
    .option('--limit <size>', 'what the device may give out, such as 1GB', bytes, 1e9)
    .option(
      '--axis <list>',
      axisNames.join(', '),
      names((given) => known('axis', given, axisNames)),
      [...axisNames],
    )
    .option(
      '--method <list>',
      methodNames.join(', '),
      names((given) => known('method', given, methodNames)),
      ['conventional', 'checkpoint', 'reversible', 'exact'],
    )
    .option('--width <n>', 'instead of 384', count(1))
    .option('--heads <n>', 'instead of 6', count(1))
    .option('--prove-seconds <n>', 'a size whose two steps would take longer is not run but predicted', count(0), 120)
    .option('--out <folder>', 'folder of the result files (default: results/<date>-<adapter>)')
    .option('--again', 'search again what has a file')
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .action(run);
}
