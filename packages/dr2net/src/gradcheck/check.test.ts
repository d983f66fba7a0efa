/** The verdict over several runs, of passes that are given. */
import type { RunChecks, RunReport } from '@dr2net/core';
import { describe, expect, it } from 'vitest';
import { checkGradients } from './check.ts';
import type { CheckSubject, Pass } from './contract.ts';

const coefficients = { alpha: 0.5, beta: 0.5 };
const report = (more: Partial<RunReport>) => ({ coefficients, stateBytes: 10, sideBytes: 1, ...more }) as RunReport;

/** @param second what the conventional pass has */
function check(reports: RunReport[], checks: RunChecks[], second: Partial<Pass> = {}) {
  const gradients = new Map([['weight', { shape: [1], data: Float32Array.of(1) }]]);
  const first: Pass = { loss: 1, logits: { shape: [], data: Float32Array.of(0) }, gradients, reports, checks };
  const subject: Partial<CheckSubject> = { pass: async (_, other) => (other ? { ...first, ...second } : first) };
  const method = { name: 'reversible' } as const;
  return checkGradients(subject as CheckSubject, { method, coefficients, read: 'last', tolerance: 1e-3 });
}

describe('checkGradients', () => {
  it('sums what the runs keep, and takes the worst of what they found', async () => {
    const found = await check(
      [report({ anchors: 2 }), report({ anchors: 0 }), report({})],
      [{ worstAnchorError: 1e-7 }, { worstAnchorError: 1e-5 }, {}],
    );
    expect(found).toMatchObject({ stateBytes: 30, sideBytes: 3, anchors: 2, worstAnchorError: 1e-5, passed: true });
    expect(found).not.toHaveProperty('identical');
    const identical = async (...values: boolean[]) =>
      (
        await check(
          values.map(() => report({})),
          values.map((same) => ({ identical: same })),
        )
      ).identical;
    expect([await identical(true, true), await identical(true, false)]).toEqual([true, false]);
  });

  it('fails where the states are others than the conventional ones, though the gradients at them agree', async () => {
    const differing = (readingDifference: number) => check([report({})], [{}], { readingDifference });
    expect(await differing(1e-6)).toMatchObject({ passed: true, stateDifference: 1e-6 });
    expect(await differing(0.01)).toMatchObject({ passed: false, worst: { error: 0 } });
    expect((await differing(Number.NaN)).passed).toBe(false);
  });
});
