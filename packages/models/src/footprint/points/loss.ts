/** The loss of points and its gradient, dry (`pointLoss` of `@dr2net/pointcloud`): everything lives until both are made. */
import { type DryTensor, sumOfRows } from '@dr2net/memory';
import type { Operations } from './place.ts';

/** @returns the gradient of the logits [points, classes] */
export function dryPointLoss({ engine, family }: Operations, logits: DryTensor, classes: number): DryTensor {
  const points = logits.size / classes;
  const [targets, share] = [engine.upload(logits.size), engine.upload(points)];
  const most = engine.op(points, logits);
  const shifted = engine.op(logits.size, logits, most);
  const powers = engine.op(logits.size, shifted);
  const totals = engine.op(points, powers);
  const logTotals = engine.op(points, totals);
  const logs = engine.op(logits.size, shifted, logTotals);
  const each = engine.op(logits.size, targets, logs);
  const weighted = engine.op(logits.size, share, each);
  const sum = sumOfRows(engine, { ...family, turnsToSum: false }, weighted, 1);
  const loss = engine.op(1, sum);
  const probabilities = engine.op(logits.size, powers, totals);
  const difference = engine.op(logits.size, probabilities, targets);
  const gradient = engine.op(logits.size, share, difference);
  const small = [most, totals, logTotals, sum, loss, targets, share];
  return engine.after(gradient, ...small, shifted, powers, logs, each, weighted, probabilities, difference);
}
