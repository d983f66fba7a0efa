/** `checkpoint`, dry: the states at every `every`-th sub-block are kept, those between are computed again. */
import type { DryTensor } from '../engine.ts';
import { type DryRecording, type DryRun, forward, peekHead, walkBack } from './run.ts';

export function checkpoint(run: DryRun, x0: DryTensor, every: number): DryRecording {
  const { engine, coefficients } = run;
  const n = run.subBlocks.length;
  const states = new Map<number, DryTensor>();
  const remember = (x: DryTensor, i: number) => {
    if (!states.has(i)) states.set(i, engine.share(x));
  };
  const isKept = (i: number) =>
    i < n && (i % every === 0 || (coefficients.beta !== 0 && (i + 1) % every === 0 && i + 1 < n));
  const pair = forward(run, { last: x0, previous: x0 }, { visit: (x, i) => isKept(i) && remember(x, i) });
  const value = peekHead(run, pair);
  engine.free(pair.last, pair.previous);

  const recompute = (i: number) => {
    const start = i - (i % every);
    const last = states.get(start)!;
    const previous = states.get(start - 1) ?? last;
    const again = forward(run, { last, previous }, { from: start, to: i, visit: remember });
    engine.free(again.last, again.previous);
  };
  return {
    value,
    rewind(i, a, sink) {
      if (!states.has(i)) recompute(i);
      const x = states.get(i)!;
      return walkBack(run, i, x, a, sink, ({ f, base }) => {
        engine.free(f, base, x);
        states.delete(i);
      });
    },
  };
}
