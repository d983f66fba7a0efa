import { describe, expect, it } from 'vitest';
import { doesNotFit, isError, reasonOf } from './failure.ts';
import { fakeCase, fakePoints, fakeResult, fakeSwin, fakeYolos } from './fake.ts';
import { checkResult, ResultError, withRound } from './result.ts';
import { failed, rowsOf } from './rows.ts';
import { type NetworkSize, sizeName } from './size.ts';
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

describe('rows of points', () => {
  const size = fakePoints;
  const backbone = { ...size, part: 'backbone' } as const;
  const rows = rowsOf([
    fakeResult({ subject: 'plain', size }),
    fakeResult({ subject: 'reversible', size }),
    fakeResult({ subject: 'plain', size: backbone }),
    fakeResult({ subject: 'exact', size: backbone }),
  ]);
  const small = { ...size, depth: 1 };
  const [, ofSmall] = rowsOf([fakeResult({ subject: 'plain', size: small }), fakeResult({ size: small })]);

  it('say what a step should reach, and whether it does', () => {
    expect(rows.map(({ goals }) => goals)).toEqual([
      [],
      [
        'step 0.10 × plain (goal ≤ 0.3): reached',
        'tokenizer 2.0 × blocks (goal ≤ 2): reached',
        'decoder 4.0 × blocks (goal ≤ 2): missed',
      ],
      [],
      ['peak 1/109.1 of plain (goal ≤ 1/30): reached'],
    ]);
    expect(ofSmall?.goals).toEqual(['step 0.10 × plain (goal ≤ 0.3): reached']);
  });

  it('compare a part with the same part', () => {
    expect(rows[3]?.toPlain).toBeCloseTo(0.11);
    const [, alone] = rowsOf([fakeResult({ subject: 'plain', size }), fakeResult({ size: backbone })]);
    expect(alone?.toPlain).toBeUndefined();
  });

  it('have peaks and times by part, and what does not fit below', () => {
    const reason = reasonOf(
      new Error(
        'node … ended with exit code 1:\n  at x\nDeviceOutOfMemoryError: The backend is out of memory: 5 |\n  at y',
      ),
    );
    const peer = { case: { ...fakeCase, size, subject: 'plain' as const }, reason };
    expect(reason).toBe('DeviceOutOfMemoryError: The backend is out of memory: 5 |');
    expect(doesNotFit(peer)).toBe(true);
    expect(isError(peer)).toBe(false);
    expect(isError({ ...peer, case: fakeCase })).toBe(true);
    expect(isError({ ...peer, reason: 'it broke' })).toBe(true);
    const { head, body } = tableOf(rows.slice(1, 2), [peer]);
    expect(body[0]?.[head.indexOf('peak by part')]).toContain('decoder backward 1.00 MB');
    expect(body[0]?.[head.indexOf('points')]).toBe('16384');
    expect(body[1]?.slice(0, 3)).toEqual(['wasm', 'whole', '12']);
    expect(body[1]?.[head.indexOf('method')]).toBe('plain');
    expect(body[1]?.at(-1)).toBe('does not fit: DeviceOutOfMemoryError: The backend is out of memory: 5 /');
    expect(tableOf([], [peer]).head.at(-1)).toBe('checks');
  });
});

describe('rows of detection', () => {
  const rowsAt = (size: NetworkSize) => rowsOf([fakeResult({ subject: 'plain', size }), fakeResult({ size })]);

  it('say what a step should reach, at the goals’ size', () => {
    const goals = [fakeYolos, { ...fakeYolos, depth: 4 }, fakeSwin, { ...fakeSwin, pixels: 224 }].map(
      (size) => rowsAt(size)[1]?.goals,
    );
    expect(goals).toEqual([
      ['peak 1/120.0 of plain (goal ≤ 1/30): reached', 'step 0.10 × plain (goal ≤ 0.3): reached'],
      ['step 0.10 × plain (goal ≤ 0.3): reached'],
      ['peak 1/120.0 of plain (goal ≤ 1/8): reached'],
      [],
    ]);
  });

  it('have the pictures’ pixels, and blocks and tokens of their own', () => {
    const cells = [fakeYolos, fakeSwin].map((size) => tableOf(rowsAt(size)).body[1]?.slice(0, 6));
    expect(cells).toEqual([
      ['wasm', '12', '480 × 544', '1120', '2', 'reversible'],
      ['wasm', '2 + 2 + 6 + 2', '448 × 448', '12544', '1', 'reversible'],
    ]);
    expect([fakeYolos, fakeSwin].map(sizeName)).toEqual(['yolos-w384-d12-t1120-b2', 'swin-w96-d2-2-6-2-s448-b1']);
  });
});

describe('a result', () => {
  it('is what was written, also after JSON', () => {
    for (const result of [
      ...list,
      fakeResult({ size: fakePoints }),
      fakeResult({ size: fakeSwin }),
      fakeResult({ size: fakeYolos }),
    ])
      expect(checkResult(JSON.parse(JSON.stringify(result)), 'a file')).toEqual(result);
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
