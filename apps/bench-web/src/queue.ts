/** One thing after the other, each of which can be skipped, with progress and the time that is left. */
import { formatDuration } from '@dr2net/memory';
import { showProgress } from './show.ts';

export interface Control {
  /** Aborts the one at hand, and the next ones follow. */
  skip: AbortController;
  stopped: boolean;
}

/** What a run leaves to download. */
export interface Outcome {
  /** Name of the file of its results. */
  readonly file: string;
  readonly json: object;
  readonly report: string;
}

/** @param part of the one at hand, 0 … 1 */
export type Say = (what: string, part: number) => void;

export interface Queue<One> {
  readonly title: (one: One) => string;
  /** What it rejects with is a failure, and the next one follows. */
  readonly does: (one: One, say: Say, signal: AbortSignal) => Promise<void>;
  /** After each, with a line for each that failed so far. */
  readonly show: (failures: readonly Failure<One>[]) => void;
}

export interface Failure<One> {
  readonly one: One;
  readonly reason: string;
}

export async function runQueue<One>(
  list: readonly One[],
  control: Control,
  { title, does, show }: Queue<One>,
): Promise<Failure<One>[]> {
  const failures: Failure<One>[] = [];
  const start = performance.now();
  let done = 0;
  for (const [index, one] of list.entries()) {
    if (control.stopped) break;
    control.skip = new AbortController();
    const mean = (performance.now() - start) / 1000 / Math.max(1, index);
    const left = index === 0 ? '' : `, about ${formatDuration(mean * (list.length - index))} left`;
    const say: Say = (what, part) =>
      showProgress(`${index + 1} of ${list.length}: ${title(one)}: ${what}${left}`, (index + part) / list.length);
    say('starting', 0);
    try {
      await does(one, say, control.skip.signal);
      done++;
    } catch (error) {
      failures.push({ one, reason: error instanceof Error ? error.message : String(error) });
    }
    show(failures);
  }
  const seconds = formatDuration((performance.now() - start) / 1000);
  showProgress(`${done} measured${failures.length > 0 ? `, ${failures.length} not` : ''}, in ${seconds}.`, 1);
  return failures;
}
