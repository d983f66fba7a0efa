/** `bench largest`. */
import { type BackendName, backendName } from '@dr2net/backends';
import { findLargest, searchLargest } from 'bench-core';
import {
  adapterName,
  addLargestOptions,
  findBackends,
  finishLargest,
  type LargestFlags,
  largestAsked,
  names,
  resultFolder,
  runLargest,
} from 'bench-core/node';
import type { Proof } from 'bench-core/prove';
import type { Command } from 'commander';
import { onInterrupt, userPath } from 'jobs';
import { measureInChild } from '../child-process.ts';

interface Flags extends LargestFlags {
  backend: BackendName[];
}

async function run(flags: Flags): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const { names: backends, absent } = await findBackends(flags.backend);
  for (const line of absent) say(line);
  const list = largestAsked(flags, backends);
  const folder = flags.out === undefined ? resultFolder(await adapterName(backends)) : userPath(flags.out);
  const { signal, dispose } = onInterrupt();
  try {
    const results = await runLargest(list, {
      ...{ folder, say, signal, again: flags.again ?? false },
      search: (settings) =>
        searchLargest(settings, {
          ...{ proveSeconds: flags.proveSeconds, find: findLargest, signal },
          say: (line) => say(`  ${line}`),
          prove: (order) => measureInChild<Proof>('./largest/child.ts', order, { signal }),
        }),
    });
    process.exitCode = finishLargest(results, { folder, json: flags.json ?? false, notes: absent });
  } finally {
    dispose();
  }
}

export function addLargest(program: Command): void {
  const command = program
    .command('largest')
    .description('the deepest network, longest clip and largest batch that each method trains under a byte limit')
    .option('--backend <list>', 'webgpu, node-gpu, node, wasm', names(backendName), ['node-gpu', 'node', 'wasm']);
  addLargestOptions(command).action(run);
}
