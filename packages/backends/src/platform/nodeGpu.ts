/** WebGPU in Node: Dawn, through the npm package `webgpu`. */
import { tmpdir } from 'node:os';
import { BackendUnavailableError } from '../errors.ts';

interface WebGpuPackage {
  create(options: readonly string[]): GPU;
  readonly globals: Record<string, unknown>;
}

let loaded: { readonly gpu: GPU; readonly globals: Record<string, unknown> } | undefined;

export async function findNodeGpu(): Promise<GPU> {
  if (loaded) return loaded.gpu;
  let dawn: WebGpuPackage;
  try {
    dawn = (await import('webgpu')) as unknown as WebGpuPackage;
  } catch (cause) {
    throw new BackendUnavailableError(
      'webgpu',
      `the package that brings WebGPU to Node cannot be loaded (${cause instanceof Error ? cause.message : cause}).`,
      'Install it: npm install webgpu',
      { cause },
    );
  }
  // Mesa's drivers print a complaint where there is no desktop session.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  loaded = { gpu: dawn.create([]), globals: dawn.globals };
  return loaded.gpu;
}

/** Node has no `navigator` before version 21, and later one without `gpu`. */
export async function installNodeGpu(gpu: GPU): Promise<void> {
  if (loaded) Object.assign(globalThis, loaded.globals);
  if (globalThis.navigator === undefined)
    Object.defineProperty(globalThis, 'navigator', {
      value: { userAgent: `Node.js/${process.versions.node}` },
      configurable: true,
      writable: true,
    });
  if (globalThis.navigator.gpu !== gpu)
    Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true, writable: true });
}
