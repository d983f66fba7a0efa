/** The reference of Deformable DETR and DINO (dino-reference/make.py): folders that can be loaded, inputs, and the comparison of a step. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Coefficients, Method } from '@dr2net/core';
import { inference, type Sink } from '@dr2net/ops';
import { expectScaledClose, readReference, toTensor } from '@dr2net/testing';
import { dispose, memory, slice, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { type DinoDetector, type DinoGradient, type DinoInput, type DinoLayer, traceDino } from '../src/index.ts';
import { reference } from './cases.ts';

const folder = fileURLToPath(new URL('./dino-reference', import.meta.url));
export const expected = readReference(join(folder, 'expected.safetensors'));

/** A model's folder: its configuration, and the weights that all variants choose from. */
export function modelFolder(root: string, config: string): string {
  const own = join(root, config);
  mkdirSync(own, { recursive: true });
  copyFileSync(join(folder, `${config}.json`), join(own, 'config.json'));
  copyFileSync(join(folder, 'model.safetensors'), join(own, 'model.safetensors'));
  return own;
}

/** [B, C, H, W] there, [B, H, W, C] here. */
export function pixels(): Tensor {
  const there = toTensor(reference(expected, 'pixel_values'));
  const here = transpose(there, [0, 2, 3, 1]);
  there.dispose();
  return here;
}

export const padded = [
  [24, 32],
  [17, 21],
] as const;

export const denoising = {
  count: 4,
  groups: 2,
  labels: Int32Array.from(reference(expected, 'denoising/labels').data),
  boxes: Float32Array.from(reference(expected, 'denoising/boxes').data),
};

export const inputOf = (variant: string, own: Tensor): DinoInput => ({
  pixels: own,
  ...(variant !== 'plain' && { valid: padded }),
  ...(variant.startsWith('dino') && { denoising }),
});

/** The reference's cotangent for an output, whose end it is where there are no denoising queries. */
function cotangentOf(where: string, kind: 'logits' | 'boxes', like: Tensor): Tensor {
  const whole = toTensor(reference(expected, `cotangent/${where}/${kind}`));
  const part = slice(whole, [0, whole.shape[1]! - like.shape[1]!, 0], [-1, -1, -1]);
  whole.dispose();
  return part;
}

const cotangents = (where: string, { logits, boxes }: DinoLayer): DinoLayer => ({
  logits: cotangentOf(where, 'logits', logits),
  boxes: cotangentOf(where, 'boxes', boxes),
});

export interface DinoStep {
  readonly layers: readonly DinoLayer[];
  readonly proposals: DinoLayer | null;
  /** By checkpoint key. */
  readonly found: ReadonlyMap<string, Tensor>;
  dispose(): void;
}

/** One step with the reference's cotangents. */
export async function stepOf(
  detector: DinoDetector,
  variant: string,
  options: { coefficients: Coefficients; method: Method },
): Promise<DinoStep> {
  const own = pixels();
  const found = new Map<string, Tensor>();
  const sink: Sink = (parameter, gradient) => {
    for (const { key, tensor } of detector.toCheckpoint(parameter, gradient)) {
      expect(found.has(key), `${key} arrives once`).toBe(false);
      found.set(key, tensor);
    }
    gradient.dispose();
  };
  const before = memory().numTensors;
  const traced = await traceDino(detector, inputOf(variant, own), { ...options, context: inference });
  expect(traced.reports).toHaveLength(detector.runs.length);
  const gradient: DinoGradient = {
    layers: traced.layers.map((layer, i) => cotangents(`layer${i}`, layer)),
    proposals: traced.proposals && cotangents('proposals', traced.proposals),
  };
  traced.pullback(gradient, sink);
  for (const report of traced.reports) await report.check();
  const outputs = [...traced.layers, traced.proposals].flatMap((layer) => (layer ? [layer.logits, layer.boxes] : []));
  dispose([gradient.layers, gradient.proposals ?? []] as never);
  expect(memory().numTensors - before).toBe(outputs.length + found.size);
  own.dispose();
  const { layers, proposals } = traced;
  return { layers, proposals, found, dispose: () => dispose([...outputs, ...found.values()]) };
}

const forward = { rtol: 2e-5, atol: 0 };

export async function compareOutputs({ layers, proposals }: DinoStep, variant: string): Promise<void> {
  const all = [...layers.map((layer, i) => [`layer${i}`, layer] as const), ['proposals', proposals] as const];
  for (const [where, layer] of all)
    for (const kind of ['logits', 'boxes'] as const) {
      const name = `${variant}/${where}/${kind}`;
      expect(expected.has(name)).toBe(layer !== null);
      if (layer) await expectScaledClose(layer[kind], reference(expected, name), forward, name);
    }
}

export async function compareGradients({ found }: DinoStep, variant: string): Promise<void> {
  const prefix = `${variant}/grad/`;
  const wanted = [...expected].filter(([key]) => key.startsWith(prefix));
  expect(wanted.length).toBeGreaterThan(130);
  const magnitude = ({ data }: (typeof wanted)[number][1]) =>
    Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const largest = Math.max(...wanted.map(([, value]) => magnitude(value)));
  for (const [key, value] of wanted) {
    const name = key.slice(prefix.length);
    const actual = found.get(name);
    if (!actual) throw new Error(`No gradient of ${name}.`);
    // True zeros: the bias of keys, and of what is normalised by channels (the groups here have one each).
    const isZero = magnitude(value) < 1e-9 * largest;
    await expectScaledClose(actual, value, isZero ? { rtol: 0, atol: 1e-6 * largest } : { rtol: 1e-4, atol: 0 }, name);
  }
  expect([...found.keys()].sort()).toEqual(wanted.map(([key]) => key.slice(prefix.length)).sort());
}
