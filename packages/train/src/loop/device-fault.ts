/** What the device itself has to say about a step that failed: a reason behind the error that was seen first. */
import { checkShaders } from '@dr2net/ops';
import type { ResolvedOptions } from './options.ts';

/** A shader that did not compile, a device that is lost, or an error that it reported; undefined where it has nothing to say. */
export async function deviceFault(backend: ResolvedOptions<never>['backend']): Promise<unknown> {
  // The loss of a device is known a turn after the calls that it broke.
  await new Promise((resolve) => setTimeout(resolve, 0));
  let fault: unknown;
  for (const check of [() => backend?.check(), checkShaders])
    try {
      await check();
    } catch (error) {
      fault = error;
    }
  return fault;
}
