/** `exact`, dry: the last pair in fixed point and the packed remainders are kept. */
import type { DryTensor } from '../engine.ts';
import { applyResidual, type DryExactRun, type DryRecording, readHead, traceResidual } from './run.ts';

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

export function exact(run: DryExactRun, x0: DryTensor, verify: boolean): DryRecording {
  const { engine, exact: kernels } = run;
  const n = run.subBlocks.length;
  const state = <T>(body: () => T) => engine.within('states', body);
  let current = state(() => kernels.quantize(x0));
  let neighbour = engine.share(current);
  kernels.largest(current);
  const stored = verify ? engine.label(engine.share(current), 'states') : undefined;
  const sides: (DryTensor | undefined)[] = [];
  for (let i = 0; i < n; i++) {
    const x = state(() => kernels.dequantize(current));
    if (verify) checksum(run, x);
    const { f, base } = applyResidual(run, i, x);
    engine.free(base, x);
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
    rewind(i) {
      const x = state(() => kernels.dequantize(current));
      if (verify) checksum(run, x);
      const { f, base, pullback } = traceResidual(run, i, x);
      engine.free(base, x);
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
      return pullback;
    },
  };
}
