/** Looks whether a backend can start, without starting it: in milliseconds, and with nothing left behind. */
import { platform } from '#platform';
import { BackendUnavailableError } from './errors.ts';
import type { BackendName } from './names.ts';
import { findAdapter } from './start/adapter.ts';

const looks: Record<BackendName, () => unknown> = {
  webgpu: findAdapter,
  'node-gpu': () => platform.findNative('gpu'),
  node: () => platform.findNative('cpu'),
  wasm: () => {},
  cpu: () => {},
};

/** Why the backend cannot start here and what to do, or undefined when nothing speaks against it. */
export async function whyUnavailable(name: BackendName): Promise<BackendUnavailableError | undefined> {
  try {
    await looks[name]();
    return undefined;
  } catch (error) {
    if (error instanceof BackendUnavailableError) return error;
    throw error;
  }
}
