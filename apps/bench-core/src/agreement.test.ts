/** Peers are fair only if they compute the same: forward, loss and every gradient, against our layers. */
import { startBackend } from '@dr2net/backends';
import { expectNoLeak } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeNetwork } from './networks/make.ts';
import type { Network } from './networks/network.ts';
import { isVitNetwork, makeVit } from './networks/vit.ts';
import type { PointSize } from './point-size.ts';
import type { NetworkSize, VitSize } from './size.ts';
import { jaxSubject } from './subjects/jax.ts';
import { type MethodName, methodNames } from './subjects/names.ts';
import { ours } from './subjects/ours.ts';
import { plain } from './subjects/plain.ts';
import type { Subject } from './subjects/subject.ts';
import type { SwinSize } from './swin-size.ts';
import type { YolosSize } from './yolos-size.ts';

const image: VitSize = { width: 24, heads: 3, depth: 2, side: 4, patch: 4, frames: 1, batch: 2 };
const clip: VitSize = { ...image, side: 2, patch: 8, frames: 4 };
const pictures: YolosSize = { width: 24, heads: 3, depth: 3, grid: [3, 4], detections: 14, batch: 2 };
// The last stage's map is one window.
const maps: SwinSize = { width: 12, heads: 2, depths: [2, 2, 2], window: 3, pixels: 48, batch: 2 };
const clouds: PointSize = { width: 24, heads: 3, depth: 2, points: 256, batch: 2, part: 'whole' };

type Gradients = Map<string, Float32Array>;

async function gradientsOf(subject: Subject): Promise<{ loss: number; forward: number; gradients: Gradients }> {
  const forward = await subject.forward();
  const loss = await subject.step();
  const gradients: Gradients = new Map();
  await subject.eachGradient((name, values) => gradients.set(name, values));
  subject.drop();
  return { loss, forward, gradients };
}

function expectClose(actual: Gradients, expected: Gradients, rtol: number): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  const largest = Math.max(...[...expected.values()].flatMap((values) => [...values].map(Math.abs)));
  for (const [name, values] of expected)
    for (const [i, value] of values.entries()) {
      const found = actual.get(name)?.[i] ?? Number.NaN;
      // Rounding adds up along a row, so a small element may be off by a part of the gradient's scale.
      expect(
        Math.abs(found - value) <= rtol * Math.abs(value) + 2e-6 * largest,
        `${name}[${i}]: ${found}, ${value}`,
      ).toBe(true);
    }
}

type Peer = 'plain' | 'jax' | 'checkpoint';

function subjectOf(network: Network, name: Peer): Subject | Promise<Subject> {
  if (name === 'plain') return plain(network);
  if (name !== 'jax') return ours(network, name);
  if (!isVitNetwork(network)) throw new Error('Of jax-js there are ViTs alone.');
  return jaxSubject(network, 'wasm');
}

const [all, withoutJax]: readonly (readonly Peer[])[] = [
  ['plain', 'jax', 'checkpoint'],
  ['plain', 'checkpoint'],
];

interface Setting {
  readonly what: string;
  readonly size: NetworkSize;
  readonly backend: string;
  readonly peers: readonly Peer[];
}

describe.each([
  { what: 'an image', size: image, backend: 'wasm', peers: all! },
  { what: 'a clip', size: clip, backend: 'wasm', peers: all! },
  { what: 'clouds', size: clouds, backend: 'wasm', peers: withoutJax! },
  // Where `gather` has its own gradient.
  { what: 'clouds', size: clouds, backend: 'cpu', peers: withoutJax! },
  { what: 'pictures', size: pictures, backend: 'wasm', peers: withoutJax! },
  { what: 'maps', size: maps, backend: 'wasm', peers: withoutJax! },
  { what: 'maps', size: maps, backend: 'cpu', peers: withoutJax! },
  { what: "clouds' blocks", size: { ...clouds, part: 'backbone' } as const, backend: 'wasm', peers: withoutJax! },
] satisfies readonly Setting[])('of $what on $backend', ({ size, backend, peers }) => {
  let network: Network;
  let reference: Awaited<ReturnType<typeof gradientsOf>>;

  beforeAll(async () => {
    await startBackend(backend);
    network = await makeNetwork(size);
    const subject = ours(network, 'conventional');
    reference = await gradientsOf(subject);
    subject.dispose();
  });
  afterAll(() => network.dispose());

  it.each(peers)('%s computes the conventional loss and gradients', async (name) => {
    const subject = await subjectOf(network, name);
    const { loss, forward, gradients } = await gradientsOf(subject);
    subject.dispose();
    expect(Math.abs(loss / reference.loss - 1)).toBeLessThan(1e-6);
    expect(Math.abs(forward / loss - 1)).toBeLessThan(1e-6);
    expectClose(gradients, reference.gradients, 1e-4);
  });
});

describe('the optimizers', () => {
  it('of ours, jax-js and plain TensorFlow.js take the loss of one batch down alike, and leave nothing', async () => {
    await startBackend('wasm');
    const drops: number[] = [];
    for (const name of ['ours', 'jax', 'plain'] as const) {
      await expectNoLeak(async () => {
        const network = makeVit(image);
        const subject =
          name === 'ours'
            ? ours(network, 'conventional')
            : name === 'jax'
              ? await jaxSubject(network, 'wasm')
              : plain(network);
        const first = await subject.step();
        for (let i = 0; i < 5; i++) {
          await subject.optimize();
          await subject.step();
        }
        drops.push(first - (await subject.step()));
        subject.dispose();
        network.dispose();
      });
    }
    for (const drop of drops) expect(drop).toBeGreaterThan(0);
    // AdamW of ours and of jax-js is the same rule; Adam lacks the decay, 1e-5 · 0.05 a step, which is nothing here.
    for (const drop of drops) expect(drop / drops[0]!).toBeCloseTo(1, 1);
  });

  it('of every method runs, and its gradients are freed', async () => {
    await startBackend('wasm');
    for (const name of methodNames) {
      const network = makeVit(image);
      const before = tf.memory().numTensors;
      const subject = ours(network, name as MethodName);
      await subject.step();
      await subject.optimize();
      await subject.step();
      subject.dispose();
      expect(tf.memory().numTensors, name).toBe(before);
      network.dispose();
    }
  });
});
