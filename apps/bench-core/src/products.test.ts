import { startBackend } from '@dr2net/backends';
import { memoryModel } from '@dr2net/models';
import { expectNoLeak } from '@dr2net/testing';
import { expect, it } from 'vitest';
import { ProductsAlone, productFlops, productThroughput, stepProducts } from './products.ts';
import { classes, configOf, inputOfTokens, tokensOf, vitTokens } from './size.ts';

const sizes = [
  { width: 384, heads: 6, depth: 12, side: 14, patch: 16, frames: 1, batch: 4 },
  { width: 64, heads: 2, depth: 3, side: 4, patch: 8, frames: 6, batch: 2 },
];

it.each(sizes)('the products of a step are three forward passes, of reversible four, $width', (size) => {
  const { arithmetic } = memoryModel(configOf(size), { classes });
  const blocks = 2 * size.batch * arithmetic.subBlocks;
  const tokens = tokensOf(size);
  // The planner counts the class token as if it were a patch.
  const stem = (2 * size.batch * arithmetic.rest * (size.frames === 1 ? tokens - 1 : tokens)) / tokens;
  const head = 2 * size.batch * size.width * classes;
  expect(productFlops(stepProducts(size, 'conventional'))).toBe(3 * blocks + 2 * stem + 3 * head);
  expect(productFlops(stepProducts(size, 'reversible'))).toBe(4 * blocks + 2 * stem + 3 * head);
});

it('are made, in one piece or product by product, and leave nothing', async () => {
  await startBackend('wasm');
  const products = stepProducts({ ...sizes[1]!, depth: 1, side: 2 }, 'exact');
  for (const flat of [true, false])
    await expectNoLeak(async () => {
      const alone = new ProductsAlone(products, flat);
      expect(await alone.time()).toBeGreaterThan(0);
      alone.dispose();
    });
  await expectNoLeak(async () => {
    const best = await productThroughput([32, 64], 0.02);
    expect([32, 64]).toContain(best.size);
    expect(best.flops).toBeGreaterThan(1e6);
  });
});

it('tokens are those of images and of clips, and other numbers name the nearest', () => {
  expect(inputOfTokens(197)).toEqual({ side: 14, frames: 1 });
  expect(inputOfTokens(1568)).toEqual({ side: 14, frames: 16 });
  for (const tokens of [2, 17, 65, 196, 197, 392, 3136, 3137]) expect(vitTokens(inputOfTokens(tokens))).toBe(tokens);
  expect(() => inputOfTokens(200)).toThrow('nearest: 197), a clip 196 for every two frames (nearest: 196)');
});
