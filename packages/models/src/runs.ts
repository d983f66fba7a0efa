/**
 * The runs of a backbone one after the other, with the merging of tokens between them. What a method keeps is of each run's own; of what
 * lies between them only the merging's input is kept. Outputs of several runs can be read, and each sends its gradient back.
 */
import { type AnchorControl, applyRun, type ExactScale, type RunOptions, type RunReport, traceRun } from '@dr2net/core';
import { type Context, type Held, holding, once, type Pullback, type Sink } from '@dr2net/ops';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { BackboneRun } from './backbone.ts';

/** How the runs of a backbone are gone through. */
export interface RunsOptions extends Pick<RunOptions, 'coefficients' | 'method' | 'read'> {
  /** `RunOptions.scale` of each run by number: the grid that `exact` chose. */
  readonly scaleOf?: (run: number) => ExactScale;
  /** `RunOptions.anchors` of each run by number: how measured errors of `reversible` compare with the predicted ones. */
  readonly anchorsOf?: (run: number) => AnchorControl;
  /** `RunOptions.onRead`, with the run's number. */
  readonly onRead?: (x: Tensor, reader: number | 'head', run: number) => Tensor | undefined;
}

/** Takes the gradient of each output over, null where it has none; gives that of x_0, or null under `frozen`. */
export interface RunsPullback {
  (dOutputs: readonly (Tensor | null)[], sink: Sink): Tensor | null;
  dispose(): void;
}

export interface TracedRuns {
  /** What each of the wanted runs gives, in their order; owned by the caller. */
  readonly values: Tensor[];
  readonly pullback: RunsPullback;
  /** One a run that was gone through. */
  readonly reports: readonly RunReport[];
}

/** The first run has the context itself, so that a network of one run has the random masks that it always had. */
const contextOf = (context: Context, run: number) => (run === 0 ? context : context.child(`run ${run}`));
const mergeContext = (context: Context, run: number) => context.child(`merge ${run}`);

/** Those of one run. */
export function runOptionsOf(
  { coefficients, method, read, scaleOf, anchorsOf, onRead }: RunsOptions,
  run: number,
): RunOptions {
  return {
    ...{ coefficients, method },
    ...(read && { read }),
    ...(scaleOf && { scale: scaleOf(run) }),
    ...(anchorsOf && { anchors: anchorsOf(run) }),
    ...(onRead && { onRead: (x: Tensor, reader: number | 'head') => onRead(x, reader, run) }),
  };
}

/** The merging after a run that is not the last. */
function mergeOf(runs: readonly BackboneRun[], run: number) {
  const merge = runs[run]?.merge;
  if (!merge) throw new Error(`Run ${run} of ${runs.length} has no merging behind it, so nothing leads to the next.`);
  return merge;
}

/** Goes through the runs up to the last wanted one. `step` takes a state to the run's output, `merge` that to the next state. */
function walk(
  held: Held,
  x0: Tensor,
  outputs: readonly number[],
  step: (x: Tensor, run: number) => Tensor,
  merge: (x: Tensor, run: number) => Tensor,
): Tensor[] {
  const last = Math.max(...outputs);
  const values = new Map<number, Tensor>();
  let x = held.add(x0);
  for (let run = 0; run <= last; run++) {
    const value = held.add(step(x, run));
    held.free(x);
    if (run < last) x = held.add(merge(value, run));
    if (outputs.includes(run)) values.set(run, value);
    else held.free(value);
  }
  return outputs.map((run) => held.release(values.get(run)!));
}

/**
 * What some of the runs give, keeping nothing.
 * @param x0 taken over
 * @param outputs numbers of the wanted runs, each once
 */
export function applyRuns(
  runs: readonly BackboneRun[],
  x0: Tensor,
  context: Context,
  options: RunsOptions,
  outputs: readonly number[],
): Tensor[] {
  return holding((held) =>
    walk(
      held,
      x0,
      outputs,
      (x, run) => applyRun(runs[run]!.subBlocks, x, contextOf(context, run), runOptionsOf(options, run)),
      (x, run) => mergeOf(runs, run).apply(x, mergeContext(context, run)),
    ),
  );
}

/** The same with the pullback. */
export function traceRuns(
  runs: readonly BackboneRun[],
  x0: Tensor,
  context: Context,
  options: RunsOptions,
  outputs: readonly number[],
): TracedRuns {
  const isFrozen = options.method.name === 'frozen';
  return holding((held) => {
    const traced: ReturnType<typeof traceRun>[] = [];
    const merges: Pullback[] = [];
    const values = walk(
      held,
      x0,
      outputs,
      (x, run) => {
        const own = traceRun(runs[run]!.subBlocks, x, contextOf(context, run), runOptionsOf(options, run));
        held.add(own.pullback);
        traced.push(own);
        return own.value;
      },
      (x, run) => {
        const [merge, inner] = [mergeOf(runs, run), mergeContext(context, run)];
        if (isFrozen) return merge.apply(x, inner);
        const { value, pullback } = merge.trace(x, inner);
        merges.push(held.add(pullback));
        return value;
      },
    );
    const pullbacks = traced.map(({ pullback }) => pullback);
    const pullback = once(
      'the runs',
      [...pullbacks, ...merges],
      (dOutputs: readonly (Tensor | null)[], sink: Sink): Tensor | null => {
        if (isFrozen) {
          for (const gradient of dOutputs) gradient?.dispose();
          return null;
        }
        const own = new Map(outputs.map((run, i) => [run, dOutputs[i]]));
        return backward(pullbacks, merges, own, sink);
      },
    );
    return { values, pullback, reports: traced.map(({ report }) => report) };
  });
}

function backward(
  pullbacks: readonly ReturnType<typeof traceRun>['pullback'][],
  merges: readonly Pullback[],
  own: ReadonlyMap<number, Tensor | null | undefined>,
  sink: Sink,
): Tensor | null {
  return holding((held) => {
    for (const gradient of own.values()) if (gradient) held.add(gradient);
    let above: Tensor | undefined;
    for (let run = pullbacks.length - 1; run >= 0; run--) {
      const here = own.get(run);
      if (here && above) {
        const sum = held.add(add(above, here));
        held.free(above, here);
        above = sum;
      } else if (here) above = here;
      // No output reads this run or one behind it.
      if (!above) continue;
      const { x0 } = pullbacks[run]!(above, sink);
      held.free(above);
      if (!x0) throw new Error(`Run ${run} gave no gradient of its input.`);
      held.add(x0);
      if (run === 0) return held.release(x0);
      above = held.add(merges[run - 1]!(x0, sink));
      held.free(x0);
    }
    held.dispose();
    return null;
  });
}
