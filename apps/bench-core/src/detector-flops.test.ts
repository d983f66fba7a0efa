/** The counts against the networks themselves: every weight is used once for each of its rows. */
import { startBackend } from '@dr2net/backends';
import { createSwin, createYolos } from '@dr2net/models';
import { expect, it } from 'vitest';
import { type SwinSize, swinConfigOf, swinFeatures, swinForwardFlops, swinSides } from './swin-size.ts';
import { type YolosSize, yolosConfigOf, yolosForwardFlops, yolosTokens } from './yolos-size.ts';

const isWeight = ({ name }: { readonly name: string }) => /\.(weight|reduction)$/.test(name);

it('of a YOLOS is that of the weights and their rows, and of the scores of the attention', async () => {
  await startBackend('cpu');
  const size: YolosSize = { width: 24, heads: 3, depth: 2, grid: [3, 4], detections: 5, batch: 3 };
  const model = await createYolos(yolosConfigOf(size), 1);
  const tokens = yolosTokens(size);
  const rows = (name: string) => ({ stem: 12, blocks: tokens, head: 5 })[name.split('.')[0]!] ?? Number.NaN;
  const flops = model.parameters
    .filter(isWeight)
    .reduce((sum, { name, size: count }) => sum + 2 * size.batch * rows(name) * count, 0);
  const scores = size.depth * size.batch * 2 * 2 * tokens ** 2 * size.width;
  expect(yolosForwardFlops(size)).toBe(flops + scores);
  model.dispose();
});

it('of a Swin is that of the weights and their rows, and of the scores inside its windows', async () => {
  await startBackend('cpu');
  const size: SwinSize = { width: 12, heads: 2, depths: [2, 1, 2], window: 3, pixels: 48, batch: 2 };
  const backbone = createSwin(swinConfigOf(size), 1, { features: swinFeatures(size) });
  const tokens = swinSides(size).map((side) => side ** 2);
  const rows = (name: string) => {
    const [part, stage, what] = name.split('.');
    return part === 'stem' ? tokens[0]! : tokens[Number(stage) + (what === 'merge' ? 1 : 0)]!;
  };
  const flops = backbone.parameters
    .filter(isWeight)
    .reduce((sum, { name, size: count }) => sum + 2 * size.batch * rows(name) * count, 0);
  const scores = size.depths.reduce(
    (sum, depth, s) => sum + depth * size.batch * 2 * 2 * tokens[s]! * size.window ** 2 * size.width * 2 ** s,
    0,
  );
  expect(swinForwardFlops(size)).toBe(flops + scores);
  backbone.dispose();
});
