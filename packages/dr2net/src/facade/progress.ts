/** Progress without a set-up: a line on standard error in Node, on the console elsewhere. */
import { type FinetuneEvent, type ProgressStream, progressReporter } from '@dr2net/train';

let report: ((event: FinetuneEvent<unknown>) => void) | undefined;

/** Takes every event of `finetune` and tells of it: loss, accuracy, α, β, peak memory, samples a second, time left. */
export function progress(event: FinetuneEvent<unknown>): void {
  report ??= progressReporter<unknown>(standardError());
  report(event);
}

function standardError(): ProgressStream {
  if (typeof process === 'object' && typeof process.stderr?.write === 'function') return process.stderr;
  return { write: (text) => console.info(text.replace(/\n$/, '')) };
}
