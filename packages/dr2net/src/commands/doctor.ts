/** `dr2net doctor`: what of this machine can be used, and what to do about the rest. */
import type { Backend, BackendName } from '@dr2net/backends';
import type { Command } from 'commander';
import { CheckError } from '../errors.ts';
import { type Output, textTable } from '../output.ts';

interface BackendReport {
  readonly name: BackendName;
  readonly works: boolean;
  readonly device?: string;
  readonly software?: boolean;
  readonly deterministic?: boolean;
  readonly maxTensorBytes?: number;
  readonly missingKernels?: readonly string[];
  readonly settings?: Backend['settings'];
  /** Seconds to start and to pass the self-test. */
  readonly seconds?: number;
  /** Why it does not work and what to do. */
  readonly problem?: string;
}

export function addDoctor(program: Command, output: Output): Command {
  return program
    .command('doctor')
    .description('Start and test every backend, look for video decoders, and say what to do about what is missing.')
    .action(() => doctor(output));
}

async function doctor(output: Output): Promise<void> {
  const { backendNames } = await import('@dr2net/backends');
  const backends: BackendReport[] = [];
  for (const name of backendNames) backends.push(await examine(name));
  const { findDecoders } = await import('@dr2net/video');
  const decoders = await findDecoders();
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const node = { version: process.versions.node, works: major > 20 || (major === 20 && minor >= 19) };

  const { formatBytes } = await import('@dr2net/memory');
  output.line(`Node ${node.version}${node.works ? '' : ' (20.19 or newer is needed: https://nodejs.org)'}\n`);
  output.line(
    textTable(
      ['backend', 'works', 'device', 'repeatable', 'largest tensor', 'start'],
      backends.map(({ name, works, device, software, deterministic, maxTensorBytes, seconds }) => [
        name,
        works ? 'yes' : 'no',
        device ? `${device}${software ? ' (emulated by the processor)' : ''}` : '',
        deterministic === undefined ? '' : deterministic ? 'bit for bit' : 'no',
        maxTensorBytes === undefined ? '' : formatBytes(maxTensorBytes),
        seconds === undefined ? '' : `${seconds.toFixed(1)} s`,
      ]),
    ),
  );
  output.line();
  output.line(
    textTable(
      ['decoder', 'works', 'reads'],
      decoders.map(({ name, works, reads }) => [name, works ? 'yes' : 'no', reads]),
    ),
  );
  const advice = [
    ...backends.map(({ name, problem }) => problem && `${name}: ${problem}`),
    ...decoders.map(({ name, problem }) => problem && `${name}: ${problem}`),
  ].filter((line) => line !== undefined && line !== '');
  if (advice.length > 0) output.line(`\nWhat to do:\n${advice.map((line) => `- ${line}`).join('\n')}`);

  const usable = backends.some(({ name, works }) => works && name !== 'cpu');
  const result = { node, backends, decoders, usable };
  if (!node.works) throw new CheckError(`Node ${node.version} is too old; 20.19 or newer is needed.`, result);
  if (!usable) throw new CheckError('No backend works but cpu, which is far too slow to train with.', result);
  output.result(result);
}

async function examine(name: BackendName): Promise<BackendReport> {
  const { startBackend, whyUnavailable } = await import('@dr2net/backends');
  const unavailable = await whyUnavailable(name);
  if (unavailable) return { name, works: false, problem: `${unavailable.reason} ${unavailable.remedy}` };
  const start = performance.now();
  let backend: Backend;
  try {
    backend = await startBackend(name);
  } catch (error) {
    return { name, works: false, problem: error instanceof Error ? error.message : String(error) };
  }
  try {
    const { device, software, deterministic, limits, kernelCoverage, settings } = backend;
    return {
      name,
      works: true,
      device,
      software,
      deterministic,
      ...(limits.maxTensorBytes === undefined ? {} : { maxTensorBytes: limits.maxTensorBytes }),
      missingKernels: kernelCoverage.missing,
      settings,
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    backend.dispose();
  }
}
