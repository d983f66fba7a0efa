/** `exact`, dry: the last pair in fixed point, the packed remainders and what coarser grids took away are kept. */
import type { DryTensor } from '../engine.ts';
import { applyResidual, type DryExactRun, type DryRecording, type DryResidual, readHead, walkBack } from './run.ts';

/** `checksum` of core's rebuild check: the temporaries of a state's low bits. */
function checksum({ engine }: DryExactRun, x: DryTensor): void {
  engine.within('states', () => {
    let high = x;
    for (let step = 0; step < 3; step++) {
      const next = engine.op(x.size, high);
      if (high !== x) engine.free(high);
      high = next;
    }
    const low = engine.op(x.size, x, high);
    engine.free(high, low);
  });
}

export interface DryExactOptions {
  readonly verify: boolean;
  /** Bits that both states of the pair lose to a coarser grid before sub-block i; none where absent. */
  readonly lostBits?: readonly number[];
}

/** Where the grid coarsens, the states are the coarser ones and their lost bits are kept. */
function coarsen({ engine, exact: kernels }: DryExactRun, x: DryTensor, bits: number) {
  const made = engine.within('states', () => kernels.coarsen(x, bits));
  engine.free(x);
  return made;
}

function refine({ engine, exact: kernels }: DryExactRun, x: DryTensor, side: DryTensor): DryTensor {
  const made = engine.within('states', () => kernels.refine(x, side));
  return engine.after(made, x, side);
}

/** What is added to integer states: a shift on the skip path joins F_i, f + α·p. Takes the residual over. */
function folded({ engine, subBlocks, shift }: DryExactRun, i: number, { f, base }: DryResidual): DryTensor {
  engine.free(base);
  if (subBlocks[i]!.shift !== 'skip' || !shift) return f;
  const scaled = engine.op(shift.size, shift);
  return engine.after(engine.op(f.size, f, scaled), scaled, f);
}

export function exact(run: DryExactRun, x0: DryTensor, { verify, lostBits = [] }: DryExactOptions): DryRecording {
  const { engine, exact: kernels } = run;
  const n = run.subBlocks.length;
  const state = <T>(body: () => T) => engine.within('states', body);
  let current = state(() => kernels.quantize(x0));
  let neighbour = engine.share(current);
  kernels.largest(current);
  const stored = verify ? engine.label(engine.share(current), 'states') : undefined;
  const sides: (DryTensor | undefined)[] = [];
  const lost = new Map<number, { now: DryTensor; before: DryTensor }>();
  for (let i = 0; i < n; i++) {
    const bits = lostBits[i] ?? 0;
    if (bits > 0) {
      const before = coarsen(run, neighbour, bits);
      const now = coarsen(run, current, bits);
      [current, neighbour] = [now.coarse, before.coarse];
      lost.set(i, { now: now.side, before: before.side });
    }
    const x = state(() => kernels.dequantize(current));
    if (verify) checksum(run, x);
    const f = folded(run, i, applyResidual(run, i, x));
    engine.free(x);
    if (verify && i === 0) checksum(run, f);
    const { next, side } = state(() => kernels.update(f, current, neighbour));
    engine.free(f, neighbour);
    if (i === 0) engine.free(side);
    sides.push(i === 0 ? undefined : side);
    neighbour = current;
    current = next;
  }
  const [last, previous] = state(() => [kernels.dequantize(current), kernels.dequantize(neighbour)] as const);
  const value = readHead(run, { last, previous });
  [current, neighbour] = [neighbour, current];
  return {
    value,
    rewind(i, a, sink) {
      const x = state(() => kernels.dequantize(current));
      if (verify) checksum(run, x);
      return walkBack(run, i, x, a, sink, (residual) => {
        const f = folded(run, i, residual);
        engine.free(x);
        if (verify && i === 0) checksum(run, f);
        const side = sides[i];
        const before = side && state(() => kernels.inverse(neighbour, f, current, side));
        engine.free(f, neighbour, side);
        if (i === 0 && stored) {
          engine.read(stored);
          engine.read(engine.share(current));
        }
        neighbour = current;
        if (before) current = before;
        else engine.free(current);
        const pair = lost.get(i);
        if (pair) {
          neighbour = refine(run, neighbour, pair.now);
          current = refine(run, current, pair.before);
        }
      });
    },
  };
}
