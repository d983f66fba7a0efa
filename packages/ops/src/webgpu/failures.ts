/**
 * Shaders that a device does not compile. It says so later than the call that used them, so that call's results are worth nothing; from
 * then on the operation's reference, of plain tfjs ops, is chosen in their place, where it has one that runs on WebGPU.
 */

import { webgpuBackend } from './backend.ts';

/** A shader did not compile: what was computed since the last check is not to be used. */
export class ShaderError extends Error {
  override readonly name = 'ShaderError';
  constructor(
    readonly shader: string,
    /** The device's own words. */
    readonly reason: string,
    /** Whether plain operations take its place from now on. */
    readonly replaced: boolean,
  ) {
    const next = replaced
      ? 'plain TensorFlow.js operations, slower, take its place from now on'
      : 'nothing takes its place: use another method or backend';
    super(
      `The shader '${shader}' does not compile on this device (${reason.trim()}). What was computed since is wrong; ${next}. Please report it with the adapter's name.`,
    );
  }
}

/** What is asked of a shader here. */
interface Named {
  readonly name: string;
  readonly alone?: true | undefined;
}

/** Families of shaders by device: the first word of their names after the project's. */
const failed = new WeakMap<GPUDevice, Set<string>>();
const pending = new Set<Promise<void>>();
let untold: ShaderError | undefined;

/** Whether no shader of this family has failed on the device of the WebGPU backend, which is the current one. */
export const works = (family: string) => !failed.get(webgpuBackend().device)?.has(family);

function remember(device: GPUDevice, { name, alone }: Named, reason: string): void {
  const families = failed.get(device) ?? new Set();
  failed.set(device, families);
  const family = name.split(' ')[1] ?? name;
  if (families.has(family)) return;
  families.add(family);
  const failure = new ShaderError(name, reason, !alone);
  console.warn(failure.message);
  untold ??= failure;
}

/** Makes something of a shader, and remembers when the device does not. */
export function watched<T>(device: GPUDevice, shader: Named, make: () => T): T {
  device.pushErrorScope('validation');
  const made = make();
  const outcome = device.popErrorScope().then(
    (error) => {
      if (error) remember(device, shader, error.message);
    },
    // The device is lost: not the shader's fault.
    () => {},
  );
  pending.add(outcome);
  void outcome.then(() => pending.delete(outcome));
  return made;
}

/**
 * Waits until the device has answered for every shader that was used so far. Call it once a step, before results are used; on other
 * backends it has nothing to do.
 * @throws ShaderError for one that failed since the last call: take the step again
 */
export async function checkShaders(): Promise<void> {
  await Promise.all(pending);
  const failure = untold;
  untold = undefined;
  if (failure) throw failure;
}
