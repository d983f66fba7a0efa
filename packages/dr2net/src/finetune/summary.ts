/** What a run came to, from its events. */
import type { FinetuneEvent } from '@dr2net/train';

export interface RunFigures<E> {
  readonly steps: number;
  readonly epochs: number;
  /** Of the last step. */
  readonly loss: number | undefined;
  /** Highest of all steps, in bytes. */
  readonly activationBytes: number | undefined;
  readonly deviceBytes: number | undefined;
  /** The last one. */
  readonly evaluation: E | undefined;
}

export class Summary<E> {
  interrupted = false;
  figures: RunFigures<E> = {
    steps: 0,
    epochs: 0,
    loss: undefined,
    activationBytes: undefined,
    deviceBytes: undefined,
    evaluation: undefined,
  };

  add(event: FinetuneEvent<E>): void {
    const { figures } = this;
    if (event.type === 'step') {
      const { loss, step, memory } = event;
      this.figures = {
        ...figures,
        steps: step,
        loss,
        activationBytes: Math.max(figures.activationBytes ?? 0, memory.activationPeakBytes),
        ...(memory.device ? { deviceBytes: Math.max(figures.deviceBytes ?? 0, memory.device.peakBytes) } : {}),
      };
    } else if (event.type === 'evaluation') {
      this.figures = { ...figures, evaluation: event.evaluation };
    } else if (event.type === 'end') {
      this.figures = { ...figures, steps: event.step, epochs: event.epoch };
      this.interrupted = event.reason === 'aborted';
    }
  }
}
