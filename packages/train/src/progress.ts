/** Progress for people: one line that renews itself on a terminal, plain lines elsewhere. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import type { FinetuneEvent, StepEvent } from './loop/events.ts';

/** Where progress is written: `process.stderr`, or anything alike. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Characters a line, on a terminal. */
  readonly columns?: number | undefined;
}

/** How progress is written. */
export interface ProgressOptions<Evaluation> {
  /** What a sample is called (default `samples`): `clips`, `images`. */
  readonly unit?: string;
  /** Seconds between two lines of steps: default 0.1 on a terminal and 1 elsewhere. First and last are always written. */
  readonly interval?: number;
  /** An evaluation in words; default its numbers by name. */
  readonly evaluation?: (evaluation: Evaluation) => string;
}

const clearLine = '\r\u001b[2K';

/** Makes a function that takes every event of `finetune`. */
export function progressReporter<Evaluation>(
  stream: ProgressStream,
  options: ProgressOptions<Evaluation> = {},
): (event: FinetuneEvent<Evaluation>) => void {
  const terminal = stream.isTTY === true;
  const { unit = 'samples', interval = terminal ? 0.1 : 1, evaluation = numbersByName } = options;
  let written = Number.NEGATIVE_INFINITY;
  /** The progress line that stands on the terminal. */
  let standing = '';

  const line = (text: string) => {
    stream.write(standing ? `${clearLine}${text}\n${standing}` : `${text}\n`);
  };
  const step = (event: StepEvent) => {
    const now = performance.now() / 1000;
    if (now - written < interval && event.step !== event.total) return;
    written = now;
    const text = formatStep(event, unit);
    if (!terminal) return line(text);
    standing = text.slice(0, Math.max(1, (stream.columns ?? 80) - 1));
    stream.write(clearLine + standing);
  };
  return (event) => {
    switch (event.type) {
      case 'step':
        return step(event);
      case 'evaluation':
        return line(`after epoch ${event.epoch} (step ${event.step}): ${evaluation(event.evaluation)}`);
      case 'warning':
        return line(`warning: ${event.message}`);
      case 'checkpoint':
        // On a terminal the file is there to see; in a log it belongs to the record.
        return terminal
          ? undefined
          : line(`checkpoint of step ${event.step}: ${event.path} (${formatBytes(event.bytes)})`);
      case 'end':
        if (standing) stream.write('\n');
        standing = '';
        return line(event.reason === 'finished' ? `finished at step ${event.step}` : `stopped at step ${event.step}`);
    }
  };
}

/** `step 12/208 · epoch 1 · loss 1.790 · accuracy 40 % · α 0.9844 β 0.0156 · 28.0 MB · 4.2 clips/s · 3 min 20 s left` */
export function formatStep(event: StepEvent, unit = 'samples'): string {
  const { step, total, epoch, loss, accuracy, alpha, beta, method, memory, samplesPerSecond, secondsLeft } = event;
  return [
    `step ${step}/${total}`,
    `epoch ${epoch}`,
    `loss ${significant(loss, 4)}`,
    ...(accuracy === undefined ? [] : [`accuracy ${Math.round(accuracy * 100)} %`]),
    `α ${significant(alpha, 4)} β ${significant(beta, 3)}`,
    event.anchors === undefined ? method : `${method}, ${event.anchors} anchors`,
    `activations ${formatBytes(memory.activationPeakBytes)}`,
    ...(memory.device ? [`${memory.device.kind} ${formatBytes(memory.device.peakBytes)}`] : []),
    `${significant(samplesPerSecond, 3)} ${unit}/s`,
    `${formatDuration(Math.max(0, Math.round(secondsLeft)))} left`,
  ].join(' · ');
}

function significant(value: number, digits: number): string {
  return value === 0 ? '0' : value.toPrecision(digits).replace(/\.?0+$/, '');
}

function numbersByName(evaluation: unknown): string {
  if (typeof evaluation !== 'object' || evaluation === null) return String(evaluation);
  return Object.entries(evaluation)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .map(([name, value]) => `${name} ${significant(value, 4)}`)
    .join(', ');
}
