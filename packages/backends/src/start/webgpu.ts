/** WebGPU, in the browser and (through Dawn) in Node. */
import { env, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { platform } from '#platform';
import type { StartOptions } from '../contract.ts';
import { BackendUnavailableError, TensorTooLargeError } from '../errors.ts';
import { watchBuffers } from '../memory/buffers.ts';
import { emptyPool, type Pooled } from '../memory/pool.ts';
import { findAdapter, makeDevice } from './adapter.ts';
import { loadBackendPackage } from './load.ts';
import type { Running } from './running.ts';

/**
 * Without these, results change from run to run: the matrix product may be split over its inner dimension with atomic
 * additions of floats (program type 3 never does), and small inputs are computed by the CPU backend while they are on
 * the host, which rounds differently.
 */
const settings = { WEBGPU_MATMUL_PROGRAM_TYPE: 3, WEBGPU_CPU_FORWARD: false } as const;

/** The programs of a backend, with the output that was to be made. */
interface Programs {
  runWebGPUProgram(
    program: { readonly outputShape: readonly number[]; readonly constructor: { readonly name: string } },
    ...rest: unknown[]
  ): unknown;
}

/** Names the operation and the shape in the error of a tensor that is too large. */
function nameTensors(backend: Programs): void {
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, ...rest) => {
    try {
      return run(program, ...rest);
    } catch (error) {
      if (!(error instanceof TensorTooLargeError)) throw error;
      const what = `an input or the output [${program.outputShape}] of ${program.constructor.name}`;
      throw new TensorTooLargeError(what, error.size, error.limit, error.limitName);
    }
  };
}

/** What a device reports outside of any call. */
interface Reports {
  takeErrors(): readonly string[];
  lost(): string | undefined;
  /** Ends the device; from then on its loss is no news. */
  release(): void;
}

/** The operation that an error of the device is about: the label of its shader, pipeline or bindings, as the message has it. */
function withOperation(message: string): string {
  const label = /"+([^"\n]+)"+\]/.exec(message)?.[1];
  return label ? `in the operation '${label}': ${message}` : message;
}

function watch(device: GPUDevice): Reports {
  let errors: string[] = [];
  let gone: string | undefined;
  let released = false;
  device.addEventListener('uncapturederror', ({ error }) => {
    errors.push(withOperation(error.message));
  });
  void device.lost.then(({ reason, message }) => {
    if (!released) gone = message.trim() || reason;
  });
  return {
    takeErrors() {
      const taken = errors;
      errors = [];
      return taken;
    },
    lost: () => gone,
    release() {
      released = true;
      device.destroy();
    },
  };
}

/** Why an emulated device is not taken where a faster backend may be there. */
export function emulated(device: string): BackendUnavailableError {
  return new BackendUnavailableError(
    'webgpu',
    `the only graphics device is emulated by the processor (${device}), slower than node and wasm.`,
    'Install the driver of your GPU, or ask for webgpu by name to use it all the same.',
  );
}

export async function startWebgpu({ allowSoftware = true }: StartOptions): Promise<Running> {
  const { gpu, adapter, words, software } = await findAdapter();
  if (software && !allowSoftware) throw emulated(words);
  await platform.installGpu(gpu);
  const { WebGPUBackend } = await loadBackendPackage('webgpu', () => import('@tensorflow/tfjs-backend-webgpu'));
  for (const [flag, value] of Object.entries(settings)) env().set(flag, value);
  const device = await makeDevice(adapter);
  const memory = watchBuffers(device);
  const reports = watch(device);
  const backend = new WebGPUBackend(device, adapter.info);
  nameTensors(backend as unknown as Programs);
  if (findBackendFactory('webgpu')) removeBackend('webgpu');
  registerBackend('webgpu', () => backend, 3);
  await setBackend('webgpu');
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  return {
    tfjsName: 'webgpu',
    device: `${words}${software ? ' (emulated by the processor)' : ''}`,
    software,
    limits: {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxTensorBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    },
    limitName: 'maxStorageBufferBindingSize',
    // Sums by scatter still use atomic additions: the operations of this project avoid them.
    deterministic: true,
    settings,
    memory,
    trim: () => emptyPool(backend as unknown as Pooled),
    ...reports,
  };
}
