/** Runs one case in a worker, and ends the worker whatever happens, so that its memory and its device are given back. */
import type { Case, Measurement } from 'bench-core';
import type { Answer, Order } from './protocol.ts';

export type OnProgress = (progress: { what: string; done: number; of: number }) => void;

/** The worker could not measure: out of memory, a lost device, a backend that is not there. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/**
 * @param signal ends the worker; the promise rejects with its reason
 * @throws WorkerError
 */
export function measureInWorker(one: Case, onProgress: OnProgress, signal?: AbortSignal): Promise<Measurement> {
  return new Promise<Measurement>((resolve, reject) => {
    signal?.throwIfAborted();
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const end = () => {
      worker.terminate();
      signal?.removeEventListener('abort', stop);
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const stop = () => fail(signal?.reason);
    signal?.addEventListener('abort', stop);
    worker.addEventListener('error', ({ message }) =>
      fail(new WorkerError(message || 'the worker could not be loaded.')),
    );
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      if (data.type === 'progress') return onProgress(data);
      if (data.type === 'error') return fail(new WorkerError(data.message));
      end();
      resolve(data.measurement);
    });
    worker.postMessage({ case: one } satisfies Order);
  });
}
