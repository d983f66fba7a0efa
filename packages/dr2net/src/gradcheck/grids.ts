/** A pass by `exact` on grids that fit the states of each run. */
import { ExactScale, StateRangeError } from '@dr2net/core';
import type { CheckSubject, Pass, PassOptions } from './contract.ts';

/**
 * As a training loop does it: each run's scale is remembered from pass to pass. Where a run cannot read its range before it chooses the grid
 * (WebGPU reads asynchronously only), the first pass is on a provisional one and measures; the next has the one that was asked for.
 * Other methods go through once.
 * @throws StateRangeError where no grid holds the states, and the errors of the pass
 */
export async function passOnGrids(subject: CheckSubject, options: PassOptions): Promise<Pass> {
  const { method } = options;
  if (method.name !== 'exact' || method.fractionBits !== undefined) return subject.pass(options);
  const scales: ExactScale[] = [];
  const scaleOf = (run: number) => {
    scales[run] ??= new ExactScale();
    return scales[run];
  };
  const chosen = () => scales.map(({ fractionBits }) => fractionBits).join();
  for (;;) {
    const before = chosen();
    try {
      const pass = await subject.pass({ ...options, scaleOf });
      if (pass.reports.every(({ fractionBits }, run) => fractionBits === scales[run]?.fractionBits)) return pass;
    } catch (error) {
      // What left the range of its grid has a coarser one now, unless there is none.
      if (!(error instanceof StateRangeError) || chosen() === before) throw error;
    }
  }
}
