/** Runs one measuring script in a process of its own, from the sources as this one. */
import { fileURLToPath } from 'node:url';
import { lastObject, runNode } from 'jobs';

/** What the machine needs for everything else. */
const leaveFree = 1.5e9;

export interface ChildRun {
  readonly signal?: AbortSignal | undefined;
  /** Receives what the process writes on standard error; native libraries greet there. It is shown only when the process fails. */
  readonly onLine?: (line: string) => void;
}

/**
 * @param script relative to this folder, e.g. `./run/child.ts`
 * @returns the object that it printed
 */
export async function measureInChild<T>(
  script: string,
  settings: object,
  { signal, onLine = () => {} }: ChildRun = {},
): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const args = ['--conditions=@dr2net/source', '--import', 'tsx', path, JSON.stringify(settings)];
  return lastObject<T>(await runNode(args, { onLine, leaveFree, ...(signal && { signal }) }));
}
