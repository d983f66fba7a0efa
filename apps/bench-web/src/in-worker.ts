/** Does one job in a worker, and ends the worker whatever happens, so that its memory and its device are given back. */
import type { Answer, JobName, Jobs, Order } from './protocol.ts';

export type OnProgress = (progress: { what: string; done: number; of: number }) => void;

/** The worker could not do it: out of memory, a lost device, a backend that is not there. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/**
 * @param signal ends the worker; the promise rejects with its reason
 * @throws WorkerError
 */
export function inWorker<Name extends JobName>(
  job: Name,
  order: Jobs[Name]['order'],
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Jobs[Name]['answer']> {
  return new Promise((resolve, reject) => {
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
    worker.addEventListener('message', ({ data }: MessageEvent<Answer<Name>>) => {
      if (data.type === 'progress') return onProgress(data);
      if (data.type === 'error') return fail(new WorkerError(data.message));
      end();
      resolve(data.answer);
    });
    worker.postMessage({ job, order } satisfies Order<Name>);
  });
}
