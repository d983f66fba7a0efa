/** Writes the events of a run into its folder: records as they come, an epoch's record at its end, the report. */
import type { FinetuneEvent, StepEvent } from '@dr2net/train';
import type { EvaluationRecord } from '../report/run-log.ts';
import { epochRecord, memoryRecord, stepRecord } from './records.ts';
import type { RunFolder } from './run-folder.ts';

/** The step whose memory is drawn: the first allocates what later ones have already. */
const memoryStep = 2;

export class Journal<E> {
  /** The epoch whose record is not written yet. */
  #open: number | undefined;
  #last: StepEvent | undefined;
  #begun = false;

  constructor(
    private readonly folder: RunFolder,
    private readonly title: string,
    private readonly resumed: boolean,
    /** What is written of an evaluation. */
    private readonly recordOf: (evaluation: E) => EvaluationRecord,
  ) {}

  /** The last step that was taken. */
  get last(): StepEvent | undefined {
    return this.#last;
  }

  write(event: FinetuneEvent<E>): void {
    if (!this.#begun) this.#begin(event);
    if (event.type === 'step') this.#step(event);
    else if (event.type === 'evaluation') {
      const record = this.recordOf(event.evaluation);
      this.folder.append(record);
      // A run of so many steps ends inside an epoch as a rule.
      this.#closeEpoch(this.#open ?? event.epoch, record);
    } else if (event.type === 'end') this.finish();
  }

  /** Closes what is open and writes the report; called once more after an error it does no harm. */
  finish(): void {
    if (this.#open !== undefined) this.#closeEpoch(this.#open);
    if (this.#last && this.#last.step !== memoryStep) this.folder.append(memoryRecord(this.#last));
    this.#last = undefined;
    this.folder.writeReport(this.title);
  }

  /** What an interrupted run did after its last checkpoint is done again. */
  #begin(event: FinetuneEvent<E>): void {
    this.#begun = true;
    if (this.resumed) this.folder.keepUpTo(event.type === 'step' ? event.step - 1 : event.step);
  }

  #step(event: StepEvent): void {
    if (this.#open !== undefined && event.epoch !== this.#open) this.#closeEpoch(this.#open);
    this.#open = event.epoch;
    this.#last = event;
    this.folder.append(stepRecord(event));
    if (event.step === memoryStep) this.folder.append(memoryRecord(event));
  }

  #closeEpoch(epoch: number, evaluation?: EvaluationRecord): void {
    this.#open = undefined;
    const record = epochRecord(this.folder.records, epoch, evaluation);
    if (record) this.folder.append(record);
    this.folder.writeReport(this.title);
  }
}
