/** Imports an optional peer package, or says how to get it. */

import { BackendUnavailableError } from '../errors.ts';
import type { BackendName } from '../names.ts';

export async function loadBackendPackage<Module>(name: BackendName, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    throw new BackendUnavailableError(
      name,
      `@tensorflow/tfjs-backend-${name} cannot be loaded (${cause instanceof Error ? cause.message : cause}).`,
      `Install it: npm install @tensorflow/tfjs-backend-${name}`,
      { cause },
    );
  }
}
