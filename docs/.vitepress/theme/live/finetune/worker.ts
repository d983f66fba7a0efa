/** The worker that trains, seen from the page. */
import type { Ask, Told } from '../../../../workers/finetune/protocol.ts';
import { kit } from '../kit.ts';

export class FinetuneWorker {
  #worker: Worker | undefined;

  constructor(private readonly told: (told: Told) => void) {}

  /** Starts it, or starts it again where it has gone. */
  open(backend: string): void {
    this.close();
    const worker = new Worker(kit('finetune.js'), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<Told>) => this.told(data));
    worker.addEventListener('error', (event) => {
      const message = event.message || 'The worker could not be loaded. Is the page complete and served over http(s)?';
      this.told({ type: 'error', message, lost: false });
    });
    this.#worker = worker;
    this.ask({ type: 'open', backend });
  }

  ask(ask: Ask): void {
    this.#worker?.postMessage(ask);
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
