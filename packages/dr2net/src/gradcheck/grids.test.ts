/** The grids of `exact`, chosen from pass to pass. */
import { type RunReport, StateRangeError } from '@dr2net/core';
import { describe, expect, it } from 'vitest';
import type { CheckSubject, Pass, PassOptions } from './contract.ts';
import { passOnGrids } from './grids.ts';

const exact: PassOptions = {
  method: { name: 'exact' },
  coefficients: { alpha: 0.5, beta: 0.5 },
  read: 'last',
};

/** Runs whose states reach these magnitudes, and are measured after the pass only, as on WebGPU. */
function reaching(largest: readonly number[]) {
  const passes: number[][] = [];
  const pass = async ({ scaleOf }: PassOptions): Promise<Pass> => {
    const scales = largest.map((_, run) => scaleOf!(run));
    const bits = scales.map(({ fractionBits }) => fractionBits);
    passes.push(bits);
    for (const [run, scale] of scales.entries()) {
      const most = 2 ** (30 - bits[run]!);
      if (!(largest[run]! <= most)) {
        scale.exceeded();
        throw new StateRangeError('The state x_1', largest[run]!, most, bits[run]!);
      }
      scale.observe(largest[run]!);
    }
    const reports = bits.map((fractionBits) => ({ fractionBits }) as RunReport);
    return { loss: 0, logits: { shape: [], data: new Float32Array(1) }, gradients: new Map(), reports, checks: [] };
  };
  return { passes, subject: { pass } as unknown as CheckSubject };
}

describe('passOnGrids', () => {
  it('each run has its own, measured in a first pass on the provisional one', async () => {
    const { passes, subject } = reaching([1, 100]);
    const { reports } = await passOnGrids(subject, exact);
    expect(passes).toEqual([
      [16, 16],
      [24, 19],
    ]);
    expect(reports.map(({ fractionBits }) => fractionBits)).toEqual([24, 19]);
  });

  it('what leaves the range has a coarser one, as long as there is one', async () => {
    const large = reaching([1, 1e5]);
    await passOnGrids(large.subject, exact);
    expect(large.passes).toEqual([
      [16, 16],
      [24, 12],
      [24, 9],
    ]);
    const endless = reaching([Number.POSITIVE_INFINITY]);
    await expect(passOnGrids(endless.subject, exact)).rejects.toThrow(StateRangeError);
    expect(endless.passes).toEqual([[16], [12], [8], [4], [0]]);
  });

  it('other methods, and grids that were asked for, go through once', async () => {
    const seen: PassOptions[] = [];
    const pass = async (options: PassOptions) => {
      seen.push(options);
      return {} as Pass;
    };
    for (const method of [{ name: 'reversible' }, { name: 'exact', fractionBits: 20 }] as const)
      await passOnGrids({ pass } as unknown as CheckSubject, { ...exact, method });
    expect(seen.map(({ scaleOf }) => scaleOf)).toEqual([undefined, undefined]);
  });
});
