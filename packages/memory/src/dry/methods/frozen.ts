/** `frozen`, dry: nothing is kept. */
import type { DryTensor } from '../engine.ts';
import { type DryRecording, type DryRun, forward, readHead } from './run.ts';

export function frozen(run: DryRun, x0: DryTensor): DryRecording {
  return { value: readHead(run, forward(run, { last: x0, previous: x0 })) };
}
