/** `dr2net doctor`: what of this machine can be used, and what to do about the rest. */
import type { BackendReport } from '@dr2net/backends';
import type { DecoderReport } from '@dr2net/video';
import type { Command } from 'commander';
import { CheckError } from '../errors.ts';
import { type Output, textTable } from '../output.ts';

interface NodeReport {
  readonly version: string;
  readonly works: boolean;
}

export function addDoctor(program: Command, output: Output): Command {
  return program
    .command('doctor')
    .description('Start and test every backend, look for video decoders, and say what to do about what is missing.')
    .action(() => doctor(output));
}

async function doctor(output: Output): Promise<void> {
  const { describeBackends } = await import('@dr2net/backends');
  const { findDecoders } = await import('@dr2net/video');
  const { formatBytes } = await import('@dr2net/memory');
  const backends = await describeBackends();
  const decoders = await findDecoders();
  const node = nodeReport();
  const usable = backends.some(({ name, available }) => available && name !== 'cpu');

  output.line(`Node ${node.version}\n`);
  output.line(backendTable(backends, formatBytes));
  output.line();
  output.line(
    textTable(
      ['decoder', 'works', 'reads'],
      decoders.map(({ name, works, reads }) => [name, works ? 'yes' : 'no', reads]),
    ),
  );
  const todo = advice(backends, decoders);
  if (todo.length > 0) output.line(`\nWhat to do:\n${todo.map((line) => `- ${line}`).join('\n')}`);

  const result = { node, backends, decoders, usable };
  if (!node.works)
    throw new CheckError(`Node ${node.version} is too old; 20.19 or newer is needed (https://nodejs.org).`, result);
  if (!usable) throw new CheckError('No backend works but cpu, which is far too slow to train with.', result);
  output.result(result);
}

function nodeReport(): NodeReport {
  const { node: version } = process.versions;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { version, works: major > 20 || (major === 20 && minor >= 19) };
}

function backendTable(backends: readonly BackendReport[], formatBytes: (bytes: number) => string): string {
  return textTable(
    ['backend', 'works', 'device', 'repeatable', 'largest tensor', 'memory by'],
    backends.map(({ name, available, device = '', deterministic, limits, memoryKind = '' }) => [
      name,
      available ? 'yes' : 'no',
      device,
      deterministic === undefined ? '' : deterministic ? 'bit for bit' : 'no',
      limits?.maxTensorBytes === undefined ? '' : formatBytes(limits.maxTensorBytes),
      memoryKind,
    ]),
  );
}

function advice(backends: readonly BackendReport[], decoders: readonly DecoderReport[]): string[] {
  return [
    ...backends.flatMap(({ name, reason, remedy }) => (reason ? [`${name}: ${reason} ${remedy}`] : [])),
    ...backends.flatMap(({ name, software }) =>
      software ? [`${name}: the processor emulates the graphics device; install the driver of a GPU for speed.`] : [],
    ),
    ...decoders.flatMap(({ name, problem }) => (problem ? [`${name}: ${problem}`] : [])),
  ];
}
