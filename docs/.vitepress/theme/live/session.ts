/** The worker of one live example, seen from the page: started, asked, and started again where it has gone. */
import type { Answer, Request, Values } from '../../../workers/protocol.ts';
import { kit } from './kit.ts';

export interface SessionEvents {
  answer(answer: Answer): void;
}

export class Session {
  #worker: Worker | undefined;
  #run = 0;

  constructor(private readonly events: SessionEvents) {}

  /** Begins anew with this source; what ran before is ended at once. */
  load(source: string, backend: string): void {
    this.end();
    const worker = new Worker(kit('runner.js'), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      if ('run' in data && data.run !== this.#run) return;
      this.events.answer(data);
    });
    worker.addEventListener('error', (event) => {
      const message = event.message || 'The worker could not be loaded. Is the page complete and served over http(s)?';
      this.events.answer({ type: 'error', message, lost: false });
    });
    this.#worker = worker;
    this.#ask({ type: 'load', source, backend });
  }

  /** Runs with these values; answers of earlier runs are not told any more. */
  run(values: Values): void {
    this.#run++;
    this.#ask({ type: 'run', run: this.#run, values });
  }

  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #ask(request: Request): void {
    this.#worker?.postMessage(request);
  }
}
