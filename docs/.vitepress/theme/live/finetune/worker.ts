/** The worker that trains, seen from the page. */
import type { Ask, Told } from '../../../../workers/finetune/protocol.ts';
import { startWorker } from '../kit.ts';

export class FinetuneWorker {
  #worker: Worker | undefined;

  constructor(private readonly told: (told: Told) => void) {}

  /** Starts it, or starts it again where it has gone. */
  open(backend: string): void {
    this.close();
    this.#worker = startWorker<Told>('finetune.js', this.told);
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
