/** Progress of the measured process, as it passes through its standard error; and the line that a terminal shows. */

import { formatDuration } from '@dr2net/memory';
import { type Case, caseTitle } from '../case.ts';

export interface CaseProgress {
  readonly what: string;
  readonly done: number;
  readonly of: number;
}

const mark = '\u0001progress ';

export function progressLine(progress: CaseProgress): string {
  return mark + JSON.stringify(progress);
}

/** Undefined for a line of something else (a native library). */
export function readProgress(line: string): CaseProgress | undefined {
  return line.startsWith(mark) ? (JSON.parse(line.slice(mark.length)) as CaseProgress) : undefined;
}

/** Shows what is measured; plain lines where the stream is no terminal. */
export class ProgressLine {
  #done = 0;
  readonly #start = performance.now();

  constructor(
    private readonly total: number,
    private readonly stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>,
  ) {}

  begin(one: Case): void {
    if (!this.stream.isTTY) this.stream.write(`[${this.#done + 1}/${this.total}] ${caseTitle(one)} …\n`);
    else this.update(one, { what: 'starting', done: 0, of: one.repetitions });
  }

  update(one: Case, { what, done, of }: CaseProgress): void {
    if (!this.stream.isTTY) return;
    const line = `[${this.#done + 1}/${this.total}] ${caseTitle(one)}: ${what} ${done}/${of}${this.#left()}`;
    this.stream.write(`\r\u001b[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}`);
  }

  /** @param outcome its figures in a few words, or why there are none */
  end(one: Case, outcome: string): void {
    this.#done++;
    const clear = this.stream.isTTY ? '\r\u001b[2K' : '';
    this.stream.write(`${clear}[${this.#done}/${this.total}] ${caseTitle(one)}: ${outcome}${this.#left()}\n`);
  }

  /** By the mean time of the cases so far: sizes differ, so it is rough. */
  #left(): string {
    if (this.#done === 0 || this.#done >= this.total) return '';
    const each = (performance.now() - this.#start) / 1000 / this.#done;
    return ` (about ${formatDuration(each * (this.total - this.#done))} left)`;
  }
}
