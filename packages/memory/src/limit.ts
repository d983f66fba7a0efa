/** A limit on logical bytes, for work that is to be tried and not to take all there is. */
import { formatBytes } from './format.ts';

/** Thrown by a kernel that would begin while more is alive than the meter's `limit`. */
export class MemoryLimitError extends Error {
  override readonly name = 'MemoryLimitError';
  constructor(
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`${formatBytes(bytes)} are alive, more than the limit of ${formatBytes(limit)} that the meter was given.`);
  }
}
