/** `reversible`, dry: the last state pair and those at the anchors are kept, earlier ones are rebuilt. */
import type { DryTensor } from '../engine.ts';
import { type DryRecording, type DryRun, forward, inverse, peekHead, walkBack } from './run.ts';

export interface DryAnchors {
  /** Positions i of the pairs (x_i, x_{i−1}) that are kept, 0 … n − 1. */
  readonly anchors: readonly number[];
  /** Whether a sixteenth of x_0 is kept to be compared. */
  readonly sampled: boolean;
}

export function reversible(run: DryRun, x0: DryTensor, { anchors, sampled }: DryAnchors): DryRecording {
  const { engine, family } = run;
  const n = run.subBlocks.length;
  /** Magnitudes and squares of x; their largest and mean are numbers. TensorFlow's mean is of a copy. */
  const sizes = (x: DryTensor) => {
    const [magnitudes, squares] = [engine.op(x.size, x), engine.op(x.size, x)];
    if (!family.loops && family.products !== 'shaders') engine.free(engine.op(x.size, squares));
    return [magnitudes, squares];
  };
  const sample = (x: DryTensor) => engine.op(Math.ceil(x.size / 16), x);
  const first = sampled ? engine.label(sample(x0), 'anchors') : undefined;
  if (sampled) engine.free(...sizes(x0));
  const stored = new Map<number, DryTensor>();
  const wanted = new Set(anchors.flatMap((i) => [i, i - 1]).filter((i) => i >= 0 && i < n - 1));
  const pair = forward(
    run,
    { last: x0, previous: x0 },
    {
      visit: (x, i) => {
        if (wanted.has(i)) stored.set(i, engine.label(engine.share(x), 'anchors'));
      },
    },
  );
  let next = pair.last;
  let current = pair.previous;
  const value = peekHead(run, pair);

  const compare = (rebuilt: DryTensor, stored: DryTensor, scale = sizes(stored)) => {
    const difference = engine.op(rebuilt.size, rebuilt, stored);
    engine.free(...scale, ...sizes(difference), difference);
  };

  /** The stored state, where there is one, instead of the rebuilt one; the two are compared. */
  const settle = (rebuilt: DryTensor, i: number) => {
    const state = stored.get(i);
    if (!state) return rebuilt;
    compare(rebuilt, state);
    engine.free(rebuilt);
    stored.delete(i);
    return engine.label(state, 'states');
  };
  return {
    value,
    rewind: (i, a, sink) =>
      walkBack(run, i, current, a, sink, ({ f, base }) => {
        const rebuilt = i > 0 ? inverse(run, next, f, base) : undefined;
        engine.free(f, base, next);
        next = current;
        if (rebuilt) current = settle(rebuilt, i - 1);
        else {
          if (first) {
            const again = sample(current);
            compare(again, first, []);
            engine.free(again, first);
          }
          engine.free(current);
        }
      }),
  };
}
