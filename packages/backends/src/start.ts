/** Finds, starts, checks and describes a backend. */
import { engine, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { platform } from '#platform';
import type { Backend, DeviceMemoryProbe, StartOptions } from './contract.ts';
import {
  BackendSelfTestError,
  BackendUnavailableError,
  DeviceError,
  DeviceLostError,
  TensorTooLargeError,
} from './errors.ts';
import { kernelCoverage } from './kernels.ts';
import { type BackendName, backendName } from './names.ts';
import { selfTest } from './self-test/selfTest.ts';
import { startCpu } from './start/cpu.ts';
import { startNative } from './start/native.ts';
import type { Running, Starter } from './start/running.ts';
import { startWasm } from './start/wasm.ts';
import { emulated, startWebgpu } from './start/webgpu.ts';

const starters: Record<BackendName, Starter> = {
  webgpu: startWebgpu,
  'node-gpu': () => startNative('gpu'),
  node: () => startNative('cpu'),
  wasm: startWasm,
  cpu: startCpu,
};

/** TensorFlow.js has one engine a process, and so there is one of each backend; a promise while it starts. */
const started = new Map<BackendName, Promise<Backend>>();

/** The backends that run, by TensorFlow.js's name for them. */
const live = new Map<string, Backend>();

/** Removes the backend from TensorFlow.js, but leaves the way to make it again. */
function remove(running: Running): void {
  const factory = findBackendFactory(running.tfjsName);
  if (factory) {
    removeBackend(running.tfjsName);
    registerBackend(running.tfjsName, factory);
  }
  running.release?.();
}

/** Errors that are told at once; the first is the one that led to the others. */
const mostTold = 3;

function inWords(errors: readonly string[]): string {
  const different = [...new Set(errors)];
  const told = different.slice(0, mostTold).map((error) => error.trim());
  return different.length > mostTold ? `${told.join('; ')}; and ${different.length - mostTold} more` : told.join('; ');
}

function describe(name: BackendName, running: Running): Backend {
  const { takeErrors, lost, trim, release: _, limitName = 'limit', software = false, ...told } = running;
  const backend: Backend = {
    name,
    ...told,
    software,
    kernelCoverage: kernelCoverage(running.tfjsName),
    assertFits(bytes, what) {
      const limit = running.limits.maxTensorBytes;
      if (limit !== undefined && bytes > limit) throw new TensorTooLargeError(what, bytes, limit, limitName);
    },
    check() {
      const gone = lost?.();
      if (gone !== undefined) throw new DeviceLostError(name, running.device, gone);
      const errors = takeErrors?.() ?? [];
      if (errors.length > 0)
        throw new DeviceError(`The backend '${name}' on ${running.device} reported: ${inWords(errors)}`);
    },
    trim() {
      trim?.();
    },
    dispose() {
      if (live.get(running.tfjsName) !== backend) return;
      live.delete(running.tfjsName);
      started.delete(name);
      remove(running);
    },
  };
  return backend;
}

async function startNew(name: BackendName, options: StartOptions): Promise<Backend> {
  const running = await starters[name](options);
  if (options.selfTest ?? true) {
    const finding = await selfTest();
    if (finding !== undefined) {
      remove(running);
      throw new BackendSelfTestError(name, running.device, finding);
    }
    running.memory.resetPeak();
  }
  const backend = describe(name, running);
  live.set(running.tfjsName, backend);
  return backend;
}

async function startNamed(name: BackendName, options: StartOptions): Promise<Backend> {
  let starting = started.get(name);
  if (!starting) {
    starting = startNew(name, options);
    started.set(name, starting);
    starting.catch(() => started.delete(name));
  }
  const backend = await starting;
  if (backend.software && options.allowSoftware === false) throw emulated(backend.device);
  await setBackend(backend.tfjsName);
  return backend;
}

/** The attempts of `auto`: an emulated graphics device comes after the processor's own backends. */
function attempts({ allowSoftware }: StartOptions): readonly (readonly [BackendName, boolean])[] {
  const here: readonly BackendName[] = platform.name === 'node' ? ['node-gpu', 'node', 'wasm'] : ['wasm'];
  const late = allowSoftware === false ? [] : [['webgpu', true] as const];
  return [['webgpu', false], ...here.map((name) => [name, false] as const), ...late, ['cpu', false]];
}

async function startAuto(options: StartOptions): Promise<Backend> {
  const failures: string[] = [];
  for (const [name, allowSoftware] of attempts(options)) {
    try {
      return await startNamed(name, { ...options, allowSoftware });
    } catch (error) {
      if (!(error instanceof BackendUnavailableError || error instanceof BackendSelfTestError)) throw error;
      failures.push(error.message);
    }
  }
  throw new BackendUnavailableError('auto', `none of them starts. ${failures.join(' ')}`, 'Mend one of these.');
}

/**
 * Starts a backend and makes it TensorFlow.js's current one. A backend that was started before is taken again.
 * @param name one of `webgpu`, `node-gpu`, `node`, `wasm`, `cpu`; or `auto`: the first of these that starts, an emulated graphics
 *   device after `wasm`
 * @throws UnknownBackendError for another name
 * @throws BackendUnavailableError when it cannot start here, saying why and what to do
 * @throws BackendSelfTestError when it starts and computes a known answer wrongly
 */
export async function startBackend(
  name: BackendName | 'auto' | (string & {}),
  options: StartOptions = {},
): Promise<Backend> {
  return name === 'auto' ? startAuto(options) : startNamed(backendName(name), options);
}

/** Whether the backend runs (or is about to). */
export function isStarted(name: BackendName): boolean {
  return started.has(name);
}

/** The started backend that TensorFlow.js uses now, or undefined when it uses one that was not started here. */
export function currentBackend(): Backend | undefined {
  return live.get(engine().backendName);
}

/** The memory of the device that TensorFlow.js uses now, where the backend was started here. */
export function deviceMemory(): DeviceMemoryProbe | undefined {
  return currentBackend()?.memory;
}
