/** Runs one measuring script in a process of its own, from the sources as this one. */
import { fileURLToPath } from 'node:url';
import { lastObject, runNode } from 'jobs';

/**
 * @param script relative to this folder, e.g. `./step/child.ts`
 * @returns the object that it printed
 */
export async function measureInChild<T>(script: string, settings: object, signal?: AbortSignal): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const args = ['--conditions=@dr2net/source', '--import', 'tsx', path, JSON.stringify(settings)];
  // Native libraries greet on standard error; it is shown only when the process fails.
  return lastObject<T>(await runNode(args, { onLine: () => {}, ...(signal && { signal }) }));
}
