/** Ends a child that would take all memory of the machine, before the system ends some process of its own choice. */
import { freemem, totalmem } from 'node:os';

/** A child was ended because too little memory was left. */
export class MemoryGuardError extends Error {
  override readonly name = 'MemoryGuardError';
}

const every = 200;
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

export interface MemoryGuard {
  /** Set once the child was ended. */
  readonly error: MemoryGuardError | undefined;
  dispose(): void;
}

/**
 * @param leastFree bytes that must be left free
 * @param end ends the child
 */
export function guardMemory(leastFree: number, end: () => void): MemoryGuard {
  const before = freemem();
  let error: MemoryGuardError | undefined;
  const timer = setInterval(() => {
    const free = freemem();
    if (free >= leastFree || error) return;
    error = new MemoryGuardError(
      `out of memory: it had taken ${gigabytes(before - free)} when ${gigabytes(free)} of the machine's ${gigabytes(totalmem())} were left, and was ended.`,
    );
    end();
  }, every);
  return {
    get error() {
      return error;
    },
    dispose: () => clearInterval(timer),
  };
}
