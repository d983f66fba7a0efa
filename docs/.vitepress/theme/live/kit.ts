/** The bundles of the live pages (made by scripts/kit.ts). */
import type { Failure } from '../../../workers/serve.ts';

/** Starts a worker of theirs; what it says, and that it cannot be loaded, is told. */
export function startWorker<Told>(file: string, told: (told: Told | Failure) => void): Worker {
  const worker = new Worker(new URL(`${import.meta.env.BASE_URL}kit/${file}`, location.href), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<Told>) => told(data));
  worker.addEventListener('error', ({ message }) => {
    const why = message || 'The worker could not be loaded. Is the page complete and served over http(s)?';
    told({ type: 'error', message: why, lost: false });
  });
  return worker;
}
