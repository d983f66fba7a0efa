/** `bench`: the methods and the peers on every backend. */
import { join } from 'node:path';
import { type BackendName, backendName } from '@dr2net/backends';
import type { Measurement } from 'bench-core';
import {
  adapterName,
  addCaseOptions,
  type CaseFlags,
  casesAsked,
  findAllBackends,
  findBackends,
  finish,
  names,
  readProgress,
  resultFolder,
  runCases,
} from 'bench-core/node';
import type { Command } from 'commander';
import { onInterrupt, repositoryRoot, userPath } from 'jobs';
import { measureInChild } from '../child-process.ts';

interface Flags extends CaseFlags {
  backend?: BackendName[];
}

async function folderOf(flags: Flags, backends: readonly BackendName[]): Promise<string> {
  if (flags.out !== undefined) return userPath(flags.out);
  if (flags.quick) return join(repositoryRoot, 'runs', 'bench-quick');
  return resultFolder(await adapterName(backends));
}

async function run(flags: Flags): Promise<void> {
  const { names: backends, absent } = await (flags.backend ? findBackends(flags.backend) : findAllBackends());
  for (const line of absent) process.stderr.write(`${line}\n`);
  const cases = casesAsked(flags, backends);
  const folder = await folderOf(flags, backends);
  const { signal, dispose } = onInterrupt();
  try {
    const outcome = await runCases(cases, {
      folder,
      again: flags.quick ?? flags.again ?? false,
      rounds: flags.rounds,
      signal,
      stream: process.stderr,
      measure: (one, onProgress) =>
        measureInChild<Measurement>('./run/child.ts', one, {
          signal,
          onLine(line) {
            const progress = readProgress(line);
            if (progress) onProgress(progress);
          },
        }),
    });
    process.exitCode = finish(outcome, { folder, json: flags.json ?? false, notes: absent });
  } finally {
    dispose();
  }
}

export function addRun(program: Command): void {
  const command = program
    .command('run', { isDefault: true })
    .description('a training step by every method and by the peers: time by phase, memory, dispatches, gradients')
    .option(
      '--backend <list>',
      'webgpu, node-gpu, node, wasm, cpu; the first is the one that others are compared with (default: what is there, webgpu on a real graphics device only)',
      names(backendName),
    );
  addCaseOptions(command, ['small', 'depth', 'tokens']).action(run);
}
