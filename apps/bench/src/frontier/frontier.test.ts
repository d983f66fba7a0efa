import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { frontierTable } from './command.ts';
import { measureFrontier } from './measure.ts';

const model = fileURLToPath(new URL('../../../../packages/dr2net/example', import.meta.url));

it('walks from a stored state a sub-block to none', async () => {
  const { points, subBlocks } = await measureFrontier({ backend: 'wasm', model, depth: 2 }, [
    { name: 'conventional', beta: 0 },
    { name: 'checkpoint', beta: 0 },
    ...[10, 6, 1, 0].map((k) => ({ name: 'exact' as const, beta: 2 ** -k })),
  ]);
  expect(subBlocks).toBe(4);
  const exact = points.filter(({ name }) => name === 'exact');
  // Smaller β: closer to the pretrained network, one bit more an element and sub-block.
  for (const [i, { beta, departure, sideBits }] of exact.entries()) {
    expect(sideBits, `β = ${beta}`).toBeCloseTo(-Math.log2(beta), 2);
    if (i > 0) expect(departure, `β = ${beta}`).toBeGreaterThan(exact[i - 1]!.departure);
  }
  const kept = (name: string, beta: number) => {
    const { stateBytes, sideBytes } = points.find((point) => point.name === name && point.beta === beta)!;
    return stateBytes + sideBytes;
  };
  expect(kept('exact', 1)).toBeLessThan(kept('exact', 2 ** -10));
  expect(kept('exact', 2 ** -10)).toBeLessThan(kept('checkpoint', 0));
  expect(points.filter(({ beta }) => beta === 0).map(({ departure }) => departure)).toEqual([0, 0]);
  expect(frontierTable(points)).toContain('| exact | 0.984375 | 0.015625 |');
});
