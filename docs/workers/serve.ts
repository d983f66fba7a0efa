/** What a page's worker does with what it is asked: one after the other, and what goes wrong is told. */
import { ofLostDevice } from './start.ts';

/** @param answer what is asked; it tells its answers itself */
export function serve<Ask>(answer: (ask: Ask) => void | Promise<void>): (ask: Ask) => void {
  let queue = Promise.resolve();
  return (ask) => {
    queue = queue.then(() => answer(ask)).catch(failed);
  };
}

function failed(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  postMessage({ type: 'error', message, lost: ofLostDevice(error) } satisfies Failure);
}

/** What went wrong, and whether the graphics device was lost behind it. */
export interface Failure {
  readonly type: 'error';
  readonly message: string;
  readonly lost: boolean;
}
