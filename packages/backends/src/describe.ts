/** Every backend with its device, or why it is not there and what to do: the table of `dr2net doctor`. */
import { engine, setBackend } from '@tensorflow/tfjs-core';
import type { BackendLimits, StartOptions } from './contract.ts';
import { BackendSelfTestError, BackendUnavailableError } from './errors.ts';
import { whyUnavailable } from './find.ts';
import { type BackendName, backendNames } from './names.ts';
import { isStarted, startBackend } from './start.ts';

/** One backend of this machine: its device, or why it is not there and what to do. */
export interface BackendReport {
  readonly name: BackendName;
  readonly available: boolean;
  /** The device in words, where the backend is available. */
  readonly device?: string;
  readonly software?: boolean;
  readonly limits?: BackendLimits;
  /** Kernels that this project uses and the backend lacks; the operations have other ways there. */
  readonly missingKernels?: readonly string[];
  readonly deterministic?: boolean;
  /** What its memory is measured by. */
  readonly memoryKind?: string;
  /** Why it is not available, and what to do. */
  readonly reason?: string;
  readonly remedy?: string;
}

async function report(name: BackendName, options: StartOptions): Promise<BackendReport> {
  const before = isStarted(name);
  try {
    const backend = await startBackend(name, options);
    const { device, software, limits, deterministic, memory, kernelCoverage } = backend;
    if (!before) backend.dispose();
    const missingKernels = kernelCoverage.missing;
    return { name, available: true, device, software, limits, missingKernels, deterministic, memoryKind: memory.kind };
  } catch (error) {
    if (error instanceof BackendUnavailableError)
      return { name, available: false, reason: error.reason, remedy: error.remedy };
    if (error instanceof BackendSelfTestError)
      return { name, available: false, reason: error.message, remedy: 'Use another backend.' };
    throw error;
  }
}

/** `node` beside a running `node-gpu`: one process holds one of the two, so it is looked for and not started. */
async function reportUnstarted(name: BackendName): Promise<BackendReport> {
  const why = await whyUnavailable(name);
  if (why) return { name, available: false, reason: why.reason, remedy: why.remedy };
  return { name, available: true, device: 'not started, as this process runs node-gpu' };
}

/**
 * Starts every backend with its self-test, one after the other, and frees those that were not running before. The
 * current backend stays the current one.
 */
export async function describeBackends(options: StartOptions = {}): Promise<BackendReport[]> {
  // Not set until a backend was chosen.
  const current: string | null | undefined = engine().backendName;
  const reports: BackendReport[] = [];
  for (const name of backendNames) {
    const besideGpu = name === 'node' && reports.some((other) => other.name === 'node-gpu' && other.available);
    reports.push(await (besideGpu ? reportUnstarted(name) : report(name, options)));
  }
  if (current) await setBackend(current);
  return reports;
}

const inWords = (bytes: number) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);

function line({ name, available, device, limits, missingKernels = [], reason, remedy }: BackendReport): string {
  const first = `${available ? 'yes' : 'no '}  ${name.padEnd(9)} `;
  if (!available) return `${first}${reason}\n${' '.repeat(first.length)}${remedy}`;
  const facts = [
    limits?.maxTensorBytes === undefined ? '' : `tensors up to ${inWords(limits.maxTensorBytes)}`,
    limits?.memory === undefined ? '' : `memory ${inWords(limits.memory)}`,
    missingKernels.length === 0 ? '' : `without ${missingKernels.join(', ')}`,
  ].filter(Boolean);
  return `${first}${device}${facts.length === 0 ? '' : `\n${' '.repeat(first.length)}${facts.join('; ')}`}`;
}

/** The reports as lines for a terminal. */
export function formatBackends(reports: readonly BackendReport[]): string {
  return reports.map(line).join('\n');
}
