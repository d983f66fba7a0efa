/** The measured process: a case as JSON in, a measurement as JSON out, progress as lines on standard error. */
import type { Case } from 'bench-core';
import { measure } from 'bench-core/measure';
import { progressLine } from 'bench-core/node';
import { answer } from 'jobs';

await answer<Case>((one) =>
  measure(one, { onProgress: (what, done, of) => console.error(progressLine({ what, done, of })) }),
);
