/** Starts the backend of a page's worker, and says what a reader should know of it. */
import { type Backend, DeviceLostError, startBackend } from '@dr2net/backends';
import { base } from './base.ts';

export interface Started {
  readonly backend: Backend;
  /** Where it is not WebGPU on a graphics card: why, and what that means. */
  readonly note?: string;
}

const wasmPaths = new URL('wasm/', base).href;

/** @param name a backend's name, or `auto` */
export async function start(name: string): Promise<Started> {
  const backend = await startBackend(name, { wasmPaths });
  const note = noteOf(backend);
  return note === undefined ? { backend } : { backend, note };
}

/** Whether a graphics device that was lost is behind an error: what failed in a step of training has it as its cause. */
export const ofLostDevice = (error: unknown): boolean =>
  error instanceof Error && (error instanceof DeviceLostError || ofLostDevice(error.cause));

function noteOf({ name, software }: Backend): string | undefined {
  if (name === 'webgpu')
    return software ? 'This browser emulates WebGPU on the processor: slow, but the same numbers.' : undefined;
  const why = navigator.gpu
    ? 'This browser has no WebGPU on a graphics card here'
    : 'This browser has no WebGPU (a current Chrome, Edge, Safari or Firefox has, on https or localhost)';
  return `${why}; the page computes in WebAssembly, on one core.`;
}
