/** The count against the network itself: every weight is used once for each of its rows. */
import { startBackend } from '@dr2net/backends';
import { createSegmenter } from '@dr2net/models';
import { expect, it } from 'vitest';
import { backboneForwardFlops, pointForwardFlops } from './point-flops.ts';
import { groupsOf, neighbours, type PointSize, pointConfigOf } from './point-size.ts';

const size: PointSize = { width: 24, heads: 3, depth: 2, points: 512, batch: 3, part: 'whole' };

/** Rows of one cloud on which a parameter works. */
function rowsOf(name: string): number {
  const [part, stage] = name.split('.');
  if (part === 'blocks') return 1 + groupsOf(size);
  if (part === 'position') return groupsOf(size);
  if (part === 'embed') return (size.points * neighbours) / 4 ** (Number(stage) + 1);
  return part === 'decoder' ? size.points / 4 ** Number(stage) : size.points;
}

it('of all products is that of the weights and their rows, and of the scores of the attention', async () => {
  await startBackend('cpu');
  const model = createSegmenter(pointConfigOf(size), 1);
  const weights = model.parameters.filter(({ name }) => name.endsWith('.weight'));
  const flops = (of: typeof weights) =>
    of.reduce((sum, { name, size: count }) => sum + 2 * size.batch * rowsOf(name) * count, 0);
  const tokens = 1 + groupsOf(size);
  const scores = size.depth * size.batch * 2 * 2 * tokens ** 2 * size.width;
  expect(pointForwardFlops(size)).toBe(flops(weights) + scores);
  expect(backboneForwardFlops(size)).toBe(flops(weights.filter(({ name }) => name.startsWith('blocks'))) + scores);
  model.dispose();
});
