/** TensorFlow's native library in Node: @tensorflow/tfjs-node and @tensorflow/tfjs-node-gpu, however they were installed. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findBackend } from '@tensorflow/tfjs-core';
import { BackendUnavailableError } from '../errors.ts';
import { type AllocatorStatistics, allocatorProbe } from '../memory/allocator.ts';
import { processProbe } from '../memory/process.ts';
import type { NativeLibrary } from './platform.ts';

const packages = { cpu: '@tensorflow/tfjs-node', gpu: '@tensorflow/tfjs-node-gpu' } as const;
const names = { cpu: 'node', gpu: 'node-gpu' } as const;

/** Set before the library is loaded, unless the user has set them. */
const settings = {
  cpu: { TF_CPP_MIN_LOG_LEVEL: '3' },
  gpu: {
    TF_CPP_MIN_LOG_LEVEL: '3',
    // Take memory as it is needed, not all of it at the start.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // True float32 products; TensorFlow would use 10-bit mantissas.
    NVIDIA_TF32_OVERRIDE: '0',
    TF_DETERMINISTIC_OPS: '1',
  },
};

let loaded: { readonly kind: 'cpu' | 'gpu'; readonly library: NativeLibrary } | undefined;

/** The package's folder, seen from here or from the user's project, with its compiled part. */
function locate(kind: 'cpu' | 'gpu') {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    const require = createRequire(from);
    let folder: string;
    try {
      folder = dirname(require.resolve(`${packages[kind]}/package.json`));
    } catch {
      continue; // Not installed there.
    }
    if (existsSync(join(folder, 'lib/napi-v8/tfjs_binding.node'))) return { require, folder };
    throw new BackendUnavailableError(
      names[kind],
      `${packages[kind]} is installed without its native part.`,
      `Build it: pnpm native ${kind} in a clone of this repository, or npm rebuild ${packages[kind]} where its downloads work.`,
    );
  }
  throw new BackendUnavailableError(
    names[kind],
    `${packages[kind]} is not installed.`,
    `Install it: npm install ${packages[kind]}.`,
  );
}

/** @throws BackendUnavailableError */
export function findNative(kind: 'cpu' | 'gpu'): void {
  const devices = ['/dev/nvidiactl', '/dev/dxg'];
  if (kind === 'gpu' && process.platform === 'linux' && !devices.some((path) => existsSync(path)))
    throw new BackendUnavailableError(
      'node-gpu',
      'there is no NVIDIA device here.',
      'Use node, or webgpu for other GPUs.',
    );
  locate(kind);
}

/** What the npm package calls of Node's `util` and Node 23 has removed. */
function restoreUtil(require: NodeJS.Require): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === undefined || value === null;
  util.isArray ??= Array.isArray;
}

function applySettings(wanted: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(wanted)) process.env[name] ??= value;
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, process.env[name] ?? '']));
}

function load(kind: 'cpu' | 'gpu'): NativeLibrary {
  const { require, folder } = locate(kind);
  const addon = join(folder, 'lib/napi-v8/memstats.node');
  const hasAddon = existsSync(addon);
  // TensorFlow counts the bytes of the processor's memory only in this allocator.
  const counting: Record<string, string> = hasAddon && kind === 'cpu' ? { TF_CPU_ALLOCATOR_USE_BFC: '1' } : {};
  const inForce = applySettings({ ...settings[kind], ...counting });
  restoreUtil(require);
  try {
    require(packages[kind]);
    // Our own operations: @dr2net/ops uses them where they are there (native/kernels).
    const operations = join(folder, 'lib/napi-v8/kernels.node');
    if (existsSync(operations)) require(operations);
  } catch (cause) {
    throw new BackendUnavailableError(
      names[kind],
      `the native part of ${packages[kind]} cannot be loaded (${cause instanceof Error ? cause.message : cause}).`,
      `Build it again: pnpm native ${kind} --force in a clone of this repository, or npm rebuild ${packages[kind]}.`,
      { cause },
    );
  }
  const backend = findBackend('tensorflow') as unknown as
    | { readonly binding: { readonly TF_Version: string }; readonly isUsingGpuDevice: boolean }
    | undefined;
  if (!backend)
    throw new BackendUnavailableError(
      names[kind],
      `${packages[kind]} was loaded, but not into the copy of TensorFlow.js that is in use here.`,
      'Install one version of @tensorflow/tfjs-core (npm ls @tensorflow/tfjs-core shows the copies).',
    );
  const device = backend.isUsingGpuDevice ? 'gpu' : 'cpu';
  const statistics = hasAddon ? (require(addon) as AllocatorStatistics) : undefined;
  const limit = statistics?.read(device)?.limit;
  return {
    version: backend.binding.TF_Version,
    usesGpu: backend.isUsingGpuDevice,
    settings: inForce,
    memory: statistics ? allocatorProbe(statistics, device) : processProbe(),
    ...(device === 'gpu' && limit !== undefined && limit > 0 ? { memoryLimit: limit } : {}),
  };
}

/** @throws BackendUnavailableError */
export async function loadNative(kind: 'cpu' | 'gpu'): Promise<NativeLibrary> {
  findNative(kind);
  if (loaded && loaded.kind !== kind)
    throw new BackendUnavailableError(
      names[kind],
      `this process has loaded ${packages[loaded.kind]}, and a process can hold one of the two.`,
      'Start another process for it.',
    );
  loaded ??= { kind, library: load(kind) };
  if (kind === 'gpu' && !loaded.library.usesGpu)
    throw new BackendUnavailableError(
      'node-gpu',
      'TensorFlow finds no usable GPU (a driver that is too old, or CUDA libraries that are missing).',
      'Look at its messages with TF_CPP_MIN_LOG_LEVEL=0; pnpm native gpu brings the CUDA libraries.',
    );
  return loaded.library;
}
