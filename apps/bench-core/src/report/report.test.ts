import { describe, expect, it } from 'vitest';
import { fakeCase, fakeResult } from '../fake.ts';
import type { SubjectName } from '../subjects/names.ts';
import { benchReport } from './report.ts';

const subjects: readonly SubjectName[] = ['plain', 'jax', 'conventional', 'reversible', 'exact'];
const sweep = ['wasm', 'webgpu'].flatMap((backend) =>
  [1, 2, 4].flatMap((depth) =>
    subjects.map((subject) => fakeResult({ backend, subject, size: { ...fakeCase.size, depth } })),
  ),
);

describe('the report', () => {
  const failures = [{ case: { ...fakeCase, subject: 'plain' as const }, reason: 'out of <memory>' }];
  const page = benchReport(sweep, { failures, notes: ['SKIPPED node: it is not installed.'] });

  it('has every chart with its table, and no request to outside', () => {
    for (const title of [
      'Activation peak against depth, wasm',
      'Time against depth, webgpu',
      'Time of a training step',
      'Frontier of memory against time',
      'Memory over one step, without plain TensorFlow.js',
      'Largest relative difference of a gradient',
    ])
      expect(page).toContain(title);
    expect(page.match(/<figure/g)?.length).toBe(page.match(/<details>/g)?.length);
    expect(page).not.toMatch(/(?:src|href)=|@import|url\(/);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  it('says what was found, what failed and where it was measured', () => {
    expect(page).toContain(
      'wasm, 4 blocks, width 48, 17 tokens, batch 2: a reversible step takes × 0.10 of plain TensorFlow.js',
    );
    expect(page).toContain('out of &lt;memory&gt;');
    expect(page).toContain('SKIPPED node');
    expect(page).toContain('0123456789ab');
    expect(page).toContain('× products');
  });

  it('of one measurement, and of none, is a page too', () => {
    expect(benchReport([fakeResult()])).toContain('All figures');
    expect(benchReport([])).toContain('<!doctype html>');
  });
});
