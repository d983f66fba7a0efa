/** The worker of one live example, seen from the page: started, asked, and started again where it has gone. */
import type { Answer, Request, Values } from '../../../workers/protocol.ts';
import { startWorker } from './kit.ts';

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
    this.#worker = startWorker<Answer>('runner.js', (answer) => {
      if (!('run' in answer) || answer.run === this.#run) this.events.answer(answer);
    });
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
