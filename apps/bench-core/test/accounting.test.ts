/**
 * What does not depend on the machine, against committed numbers (accounting.json): a change that makes a step keep more fails here.
 * The aim for a reversible step is 8 states: reached in 8 parts. Lower a number when it falls.
 */
import { readFileSync } from 'node:fs';
import { startBackend } from '@dr2net/backends';
import { meter } from '@dr2net/memory';
import { beforeAll, expect, it } from 'vitest';
import { makeVit } from '../src/networks/vit.ts';
import { tokensOf } from '../src/size.ts';
import { ours } from '../src/subjects/ours.ts';

/** 1568 tokens. */
const shape = { width: 384, heads: 6, depth: 1, side: 14, patch: 16, frames: 16, batch: 1 };

const committed = JSON.parse(readFileSync(new URL('../accounting.json', import.meta.url), 'utf8')) as {
  /** Activation peak of a reversible step at 1568 tokens, width 384, one sample, in states of 1568 × 384 float32, the pixels not counted. */
  activationStates: Record<string, number>;
};

beforeAll(() => startBackend('wasm'));

/** Bytes of activations besides the pixels, at the peak of a step. */
async function activationPeak(chunks: number): Promise<number> {
  const network = makeVit(shape);
  const subject = ours(network, 'reversible', chunks);
  const watching = meter({ points: 0 });
  await subject.metered?.(watching);
  const peaks = watching
    .stop()
    .phases.flatMap((phase) => (phase.name === 'optimizer' ? [] : [phase.activationPeakBytes]));
  const pixels = 4 * network.pixels.size;
  subject.dispose();
  network.dispose();
  return Math.max(...peaks) - pixels;
}

it.each([
  ['reversible', 1],
  ['reversible in 4 parts', 4],
  ['reversible in 8 parts', 8],
])('%s keeps no more states than the committed number', async (name, chunks) => {
  const states = (await activationPeak(chunks)) / (4 * shape.width * tokensOf(shape));
  console.info(`${name}: ${states.toFixed(2)} states (committed: ${committed.activationStates[name]}, aim: 8)`);
  expect(states).toBeLessThanOrEqual(committed.activationStates[name] ?? 0);
  // A number that is far above what is measured guards nothing.
  expect(states).toBeGreaterThan(0.9 * (committed.activationStates[name] ?? 0));
});
