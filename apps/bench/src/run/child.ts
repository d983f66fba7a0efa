/** The measured process: a case as JSON in, a measurement as JSON out, progress as lines on standard error. */
import { type Case, measure } from 'bench-core';
import { answer } from 'jobs';
import { progressLine } from './progress.ts';

await answer<Case>((one) =>
  measure(one, { onProgress: (what, done, of) => console.error(progressLine({ what, done, of })) }),
);
