import { expect, it } from 'vitest';
import { resultTable } from '../src/table.ts';

const row = { label: 'exact', runs: 1, trainLoss: 0.5, scores: [0.8], interval: [0.7, 0.9] as const };
const measured = { ...row, activationBytes: 10e6, deviceBytes: 40e6, secondsPerStep: 0.5 };

it('shows figures, and ratios to plain TensorFlow.js', () => {
  const lines = resultTable([measured], { activationBytes: 500e6, seconds: 2 });
  expect(lines[2]).toMatch(/^exact +80\.0 % +10\.0 MB +40\.0 MB +500 ms +1\/50 +× 0\.25$/);
  expect(lines[3]).toMatch(/^plain TensorFlow\.js +\(not trained\) +500 MB +– +2(\.0+)? s \* +1 +1$/);
});

it('leaves out what was not measured', () => {
  const [, , line = ''] = resultTable([
    { ...row, activationBytes: undefined, deviceBytes: undefined, secondsPerStep: undefined },
  ]);
  expect(line).toMatch(/^exact +80\.0 % +–/);
});
