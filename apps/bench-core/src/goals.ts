/** What a point segmenter's step should reach, beside what it did (by `reversible` and `exact`, the methods that the goals are for). */

import type { PointSize } from './point-size.ts';
import type { Result } from './result.ts';
import { isVit } from './size.ts';

/** Activation peak of the blocks, of that of plain TensorFlow.js. */
const memoryGoal = 1 / 30;
/** Peak of a part that is not reversible, of that of the blocks. */
const partGoal = 2;
/** A step of the whole network, of plain TensorFlow.js's. */
const stepGoals: Readonly<Record<string, number>> = { wasm: 0.3, node: 1 };

const said = (reached: boolean) => (reached ? 'reached' : 'missed');

/** The goals of memory are of this size; those of time hold at any. */
const isFullSize = ({ points, depth }: PointSize) => points >= 16384 && depth >= 12;

/** The largest peak of the phases of a part, forward and backward. */
function peakOf({ memory }: Result, part: string): number | undefined {
  const peaks = (memory?.phases ?? []).flatMap(({ name, activationPeakBytes }) =>
    name.startsWith(`${part} `) ? [activationPeakBytes] : [],
  );
  return peaks.length > 0 ? Math.max(...peaks) : undefined;
}

function partGoals(result: Result): string[] {
  const blocks = peakOf(result, 'blocks');
  return ['tokenizer', 'decoder'].flatMap((part) => {
    const peak = peakOf(result, part);
    if (peak === undefined || blocks === undefined) return [];
    return [`${part} ${(peak / blocks).toFixed(1)} × blocks (goal ≤ ${partGoal}): ${said(peak <= partGoal * blocks)}`];
  });
}

/** A sentence a goal; none where it is not the goals' setting or the peer was not measured. */
export function goalsOf(
  result: Result,
  ratios: { readonly toPlain?: number; readonly memoryToPlain?: number },
): string[] {
  const { size, subject, backend } = result.case;
  if (isVit(size) || (subject !== 'reversible' && subject !== 'exact')) return [];
  const { toPlain, memoryToPlain } = ratios;
  if (size.part === 'backbone')
    return memoryToPlain === undefined || !isFullSize(size)
      ? []
      : [`peak 1/${(1 / memoryToPlain).toFixed(1)} of plain (goal ≤ 1/30): ${said(memoryToPlain <= memoryGoal)}`];
  const goal = stepGoals[backend];
  const step =
    toPlain === undefined || goal === undefined
      ? []
      : [`step ${toPlain.toFixed(2)} × plain (goal ≤ ${goal}): ${said(toPlain <= goal)}`];
  return [...step, ...(isFullSize(size) ? partGoals(result) : [])];
}
