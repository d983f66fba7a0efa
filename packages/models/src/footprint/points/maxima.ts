/** The maximum over each cloud's rows in parts, dry (`part-maximum.ts` of `@dr2net/layers`, `maxima` of `point/head.ts`). */
import type { DryTensor } from '@dr2net/memory';
import type { DryTracedStage } from './decoder-stage.ts';
import { concatenated, spread, winners } from './operations.ts';
import type { PointPlace } from './place.ts';

/** The maximum of each cloud's channels, which row has it, and what stands there before the last norm. */
export interface Maxima {
  readonly value: DryTensor;
  readonly winner: DryTensor;
  readonly beside: DryTensor;
}

export function dryMaxima(at: PointPlace, rows: DryTracedStage): Maxima {
  const { engine, batch, spec } = at;
  const { width } = spec;
  const made = rows.parts.map((_, part): Maxima => {
    const y = rows.rows(part);
    const { value, winner } = winners(at, y, y.size / width);
    const places = engine.op(width, winner);
    const beside = engine.op(width, rows.beforeNorm(part), places);
    const numbered = engine.op(width, winner);
    engine.free(y, winner, places);
    return { value, winner: numbered, beside };
  });
  const all = (which: keyof Maxima) =>
    concatenated(
      at,
      made.map((each) => each[which]),
    );
  const [value, winner, beside] = [all('value'), all('winner'), all('beside')];
  const result = {
    value: engine.op(batch * width, value),
    winner: engine.op(batch * width, winner),
    beside: engine.op(batch * width, beside),
  };
  for (const each of made) engine.free(each.value, each.winner, each.beside);
  return engine.after(result, value, winner, beside);
}

/** What the points of a part get of their cloud's maximum. */
export function spreadMaximum(at: PointPlace, winner: DryTensor, dy: DryTensor, count: number): DryTensor {
  const { engine, spec } = at;
  const [ofWinner, ofDy] = [engine.op(spec.width, winner), engine.op(spec.width, dy)];
  const numbered = engine.op(spec.width, ofWinner);
  return engine.after(spread(at, numbered, ofDy, count), ofWinner, ofDy, numbered);
}
