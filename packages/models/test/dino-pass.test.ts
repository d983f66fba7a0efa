/** A pass through a DINO: what is read is what was given, and the gradient of the pixels. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inference } from '@dr2net/ops';
import { expectIdentical, expectNoLeak, testBackends } from '@dr2net/testing';
import { add, dispose, keep, mul, randomNormal, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DinoLayer, loadDino, type TraceDinoOptions, traceDino } from '../src/index.ts';
import { inputOf, modelFolder, pixels } from './dino-cases.ts';

const [backend] = await testBackends();
const root = mkdtempSync(join(tmpdir(), 'dr2net-dino-pass-'));
beforeAll(() => backend?.start());
afterAll(() => rmSync(root, { recursive: true }));

const recurrence: TraceDinoOptions = {
  coefficients: { alpha: 0.5, beta: 0.5 },
  method: { name: 'checkpoint' },
  context: inference,
};
const tensorsOf = (layers: readonly (DinoLayer | null)[]) =>
  layers.flatMap((layer) => (layer ? [layer.logits, layer.boxes] : []));

test.each(['plain', 'two-stage', 'dino'])('%s: sub-blocks, and all behind the runs, read what was given', (config) =>
  expectNoLeak(async () => {
    const detector = await loadDino(modelFolder(root, config));
    const own = pixels();
    const seen: Map<number | 'head', Tensor>[] = [];
    const first = await traceDino(detector, inputOf(config, own), {
      ...recurrence,
      onRead: (x, reader, run) => {
        seen[run] ??= new Map();
        seen[run].set(reader, keep(x.clone()));
        return undefined;
      },
    });
    expect(seen.map(({ size }) => size)).toEqual(detector.runs.map((subBlocks) => subBlocks + 1));
    // Other pictures, by another method: every run gives something else, and nobody reads it.
    const others = mul(own, -1);
    const second = await traceDino(detector, inputOf(config, others), {
      ...recurrence,
      method: { name: 'conventional' },
      onRead: (_, reader, run) => seen[run]!.get(reader)!.clone(),
    });
    const [here, there] = [first, second].map(({ layers, proposals }) => tensorsOf([...layers, proposals]));
    for (const [i, tensor] of here!.entries()) await expectIdentical(there![i]!, tensor, `output ${i}`);
    for (const { pullback } of [first, second]) pullback.dispose();
    dispose([own, others, ...seen.flatMap((read) => [...read.values()]), ...here!, ...there!]);
    detector.dispose();
  }),
);

test('the gradient of the pixels is the slope along a random direction; frozen has none', () =>
  expectNoLeak(async () => {
    // Boxes begin at learned points: nothing between pixels and outputs is chosen or detached.
    const detector = await loadDino(modelFolder(root, 'plain'));
    const own = pixels();
    const direction = randomNormal(own.shape, 0, 1, 'float32', 5);
    const outputs = async (step: number) => {
      const moved = tidy(() => add(own, mul(direction, step)));
      const { layers, pullback } = await traceDino(detector, { pixels: moved }, recurrence);
      pullback.dispose();
      moved.dispose();
      return layers;
    };
    const total = async (layers: readonly DinoLayer[], like: readonly DinoLayer[]) => {
      const dots = tensorsOf(layers).map((tensor, i) => tidy(() => sum(mul(tensor, tensorsOf(like)[i]!))));
      const numbers = await Promise.all(dots.map(async (dot) => (await dot.data())[0]!));
      dispose(dots);
      return numbers.reduce((all, number) => all + number, 0);
    };
    const slopeBy = async (method: TraceDinoOptions['method']) => {
      const options = { ...recurrence, method, pixelGradient: true };
      const { layers, pullback } = await traceDino(detector, { pixels: own }, options);
      const gradient = pullback({ layers, proposals: null }, (_, each) => each.dispose());
      dispose(tensorsOf(layers));
      if (!gradient) return null;
      const slope = tidy(() => sum(mul(gradient, direction)));
      const [value] = await slope.data();
      dispose([gradient, slope]);
      return value!;
    };
    const slope = (await slopeBy({ name: 'reversible' }))!;
    const h = 5e-4;
    const [at, ahead, behind] = [await outputs(0), await outputs(h), await outputs(-h)];
    const measured = ((await total(ahead, at)) - (await total(behind, at))) / (2 * h);
    expect(Math.abs(measured)).toBeGreaterThan(0.1);
    expect(Math.abs(slope - measured) / Math.abs(measured)).toBeLessThan(0.02);
    expect(await slopeBy({ name: 'frozen' })).toBeNull();
    dispose([own, direction, ...[at, ahead, behind].flatMap(tensorsOf)]);
    detector.dispose();
  }));
