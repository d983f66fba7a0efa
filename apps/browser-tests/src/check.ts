/** What a check is. */
import type { BackendName } from '@dr2net/backends';

export interface Check {
  readonly name: string;
  /** Rejects when the check fails. */
  run(backend: BackendName): Promise<void>;
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
