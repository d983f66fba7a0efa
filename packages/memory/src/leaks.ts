/** Leak check: what grows when a function runs again and again. */
import { memory } from '@tensorflow/tfjs-core';

/** How often {@link leakCheck} runs the function. */
export interface LeakOptions {
  /** Measured repetitions (default 5). */
  readonly repeat?: number;
  /** Repetitions before measuring, in which lazily made things settle (default 2). */
  readonly warmUp?: number;
}

/** What grew while a function ran again and again. */
export interface LeakReport {
  readonly repeat: number;
  /** Growth over all measured repetitions; 0 without a leak. */
  readonly tensors: number;
  readonly bytes: number;
  readonly dataBuffers: number;
  readonly leaks: boolean;
}

/**
 * Runs `fn` repeatedly and reports the growth of tensors, bytes (`tf.memory().numBytes`) and data buffers. What `fn`
 * returns is not disposed: a function that returns a new tensor leaks it. Errors of `fn` pass through.
 */
export async function leakCheck(fn: () => unknown, { repeat = 5, warmUp = 2 }: LeakOptions = {}): Promise<LeakReport> {
  for (let i = 0; i < warmUp; i++) await fn();
  const before = memory();
  for (let i = 0; i < repeat; i++) await fn();
  const after = memory();
  const tensors = after.numTensors - before.numTensors;
  const bytes = after.numBytes - before.numBytes;
  const dataBuffers = after.numDataBuffers - before.numDataBuffers;
  return { repeat, tensors, bytes, dataBuffers, leaks: tensors > 0 || bytes > 0 || dataBuffers > 0 };
}
