/** What a step should reach, beside what it did (by `reversible` and `exact`, the methods that the goals are for). */
import type { PointSize } from './point-size.ts';
import type { Result } from './result.ts';
import { isPoints, isSwin, isYolos, tokensOf } from './size.ts';

export interface Ratios {
  /** Of plain TensorFlow.js's step, on the same backend. */
  readonly toPlain?: number;
  /** Of its activation peak. */
  readonly memoryToPlain?: number;
}

/** Activation peak of transformer blocks, of that of plain TensorFlow.js. */
const blocksMemory = 30;
/** Of a Swin. */
const swinMemory = 8;
/** Peak of a part that is not reversible, of that of the blocks. */
const partGoal = 2;
/** A step of the whole network, of plain TensorFlow.js's. */
const stepGoals: Readonly<Record<string, number>> = { wasm: 0.3, node: 1 };

const said = (reached: boolean) => (reached ? 'reached' : 'missed');

/** @param least how many times less than plain's */
function memoryGoal({ memoryToPlain }: Ratios, least: number): string[] {
  if (memoryToPlain === undefined) return [];
  const times = 1 / memoryToPlain;
  return [`peak 1/${times.toFixed(1)} of plain (goal ≤ 1/${least}): ${said(times >= least)}`];
}

function stepGoal({ toPlain }: Ratios, { case: { backend } }: Result): string[] {
  const goal = stepGoals[backend];
  if (toPlain === undefined || goal === undefined) return [];
  return [`step ${toPlain.toFixed(2)} × plain (goal ≤ ${goal}): ${said(toPlain <= goal)}`];
}

/** The goals of memory are of this size; those of time hold at any. */
const isFullCloud = ({ points, depth }: PointSize) => points >= 16384 && depth >= 12;

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

function pointGoals(result: Result, size: PointSize, ratios: Ratios): string[] {
  const full = isFullCloud(size);
  if (size.part === 'backbone') return full ? memoryGoal(ratios, blocksMemory) : [];
  return [...stepGoal(ratios, result), ...(full ? partGoals(result) : [])];
}

/** A sentence a goal; none where it is not the goals' setting or the peer was not measured. */
export function goalsOf(result: Result, ratios: Ratios): string[] {
  const { size, subject } = result.case;
  if (subject !== 'reversible' && subject !== 'exact') return [];
  if (isPoints(size)) return pointGoals(result, size, ratios);
  if (isYolos(size)) {
    const full = size.depth >= 12 && tokensOf(size) >= 1120;
    return [...(full ? memoryGoal(ratios, blocksMemory) : []), ...stepGoal(ratios, result)];
  }
  return isSwin(size) && size.pixels >= 448 ? memoryGoal(ratios, swinMemory) : [];
}
