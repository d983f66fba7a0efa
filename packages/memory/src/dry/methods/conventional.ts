/** `conventional`, dry: every sub-block's internals are kept. */
import type { DryTensor } from '../engine.ts';
import type { DryPullback } from '../layer.ts';
import { type DryRecording, type DryRun, forward, readHead, traceResidual } from './run.ts';

export function conventional(run: DryRun, x0: DryTensor): DryRecording {
  const pullbacks: DryPullback[] = [];
  const pair = forward(
    run,
    { last: x0, previous: x0 },
    {
      evaluate: (_run, i, x) => {
        const { pullback, ...residual } = traceResidual(run, i, x);
        pullbacks.push(pullback);
        return residual;
      },
    },
  );
  return { value: readHead(run, pair), rewind: (_i, a, sink) => pullbacks.pop()!(a, sink) };
}
