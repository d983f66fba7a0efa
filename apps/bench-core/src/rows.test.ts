import { describe, expect, it } from 'vitest';
import { fakeResult } from './fake.ts';
import { checkResult, ResultError, withRound } from './result.ts';
import { failed, rowsOf } from './rows.ts';
import { tableOf } from './table.ts';

const list = [
  fakeResult({ subject: 'plain' }),
  fakeResult({ subject: 'conventional' }),
  fakeResult(),
  fakeResult({ subject: 'exact' }),
  fakeResult({ backend: 'webgpu' }),
];

describe('rows', () => {
  it('have medians, and ratios to the peers on the same backend and size only', () => {
    const [plain, conventional, reversible, exact, other] = rowsOf(list);
    expect(reversible).toMatchObject({ step: { median: 2, min: 1, max: 3 }, toPlain: 0.1 });
    expect(reversible?.toProducts).toBeCloseTo(1.3);
    expect(reversible?.memoryToPlain).toBeCloseTo(0.05);
    expect(reversible?.usefulShare).toBeCloseTo((3 * 4e9) / 2 / 2e10);
    expect(reversible?.whole).toBeCloseTo(2.2);
    expect(other?.toPlain).toBeUndefined();
    expect(plain?.checks).toEqual(['gradients = conventional, in all projections']);
    expect(conventional?.checks).toEqual(['forward = pretrained, bit for bit']);
    expect(exact?.checks).toEqual(['rebuilt bit for bit']);
  });

  it('tell how far the other backends are from the first', () => {
    const [, , reversible, , other] = rowsOf(list);
    expect(reversible?.gradientDifference).toBeUndefined();
    expect(other?.lossDifference).toBeCloseTo(5e-6, 8);
    expect(other?.gradientDifference?.parameter).toBe('stem.patch.bias');
    expect(other?.gradientDifference?.relative).toBeGreaterThan(2e-6);
    expect(other?.gradientDifference?.relative).toBeLessThan(3e-5);
  });

  it('cry out when a check fails', () => {
    const gradients = { 'stem.patch.bias': list[2]!.gradients['stem.patch.bias']!.map((value) => value * 1.1) };
    const broken = [
      { ...list[0]!, gradients },
      { ...list[1]!, forwardIdentical: false },
      { ...list[3]!, rebuiltIdentical: false, growth: { tensors: 1, bytes: 4 } },
    ];
    const rows = rowsOf(broken);
    expect(rows.map(failed)).toEqual([true, true, true]);
    expect(rows[0]?.checks[0]).toMatch(/^GRADIENTS DIFFER FROM CONVENTIONAL BY .* \(stem\.patch\.bias\)$/);
    expect(rows[2]?.checks).toEqual(['REBUILT STATE DIFFERS', 'GROWS BY 1 TENSORS, 4 BYTES']);
  });

  it('become a table without the columns of which nobody has anything', () => {
    const { head, body } = tableOf(rowsOf(list.slice(0, 4)));
    expect(head).not.toContain('dispatches');
    expect(head).not.toContain('Δ loss');
    expect(body[2]?.[head.indexOf('of plain')]).toBe('1/20.0');
    expect(body[0]?.[head.indexOf('× products')]).toBe('–');
    expect(tableOf(rowsOf(list)).head).toEqual(expect.arrayContaining(['dispatches', 'bytes bound', 'Δ gradients']));
  });
});

describe('a result', () => {
  it('is what was written, also after JSON', () => {
    for (const result of list) expect(checkResult(JSON.parse(JSON.stringify(result)), 'a file')).toEqual(result);
  });

  it.each([
    ['another kind', { ...list[0], kind: 'growth' }, 'kind'],
    ['another version', { ...list[0], schema: 1 }, 'schema'],
    ['times that are none', { ...list[0], times: { ...list[0]!.times, step: ['fast'] } }, 'times.step.0'],
    ['no date', { ...list[0], date: 'yesterday' }, 'date'],
    ['an unknown method', { ...list[0], case: { ...list[0]!.case, subject: 'magic' } }, 'case.subject'],
    ['nothing', null, 'the whole'],
  ])('of %s is refused with the place', (_name, value, place) => {
    expect(() => checkResult(value, 'bench-x.json')).toThrow(ResultError);
    expect(() => checkResult(value, 'bench-x.json')).toThrow(
      `bench-x.json is no result of \`pnpm bench\` (schema 2): ${place}`,
    );
  });

  it('of a further round has more repetitions', () => {
    const twice = withRound(list[2]!, list[2]!);
    expect(twice.rounds).toBe(2);
    expect(twice.times.step).toEqual([...list[2]!.times.step, ...list[2]!.times.step]);
    expect(twice.times.products).toHaveLength(6);
  });
});
