/** An image model inflated over time: what is exactly true of it. */
import '@tensorflow/tfjs-backend-cpu';
import { inference } from '@dr2net/ops';
import { expectClose, expectIdentical, expectNoLeak } from '@dr2net/testing';
import { add, concat, expandDims, randomUniform, reshape, setBackend, slice, tidy, tile } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createBackbone, inflate, loadBackbone, saveBackbone, type TransformerBackbone } from '../src/index.ts';
import { temporaryFolder, tinyConfig } from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const deit = { ...tinyConfig, model_type: 'deit' };
const image = () => randomUniform([2, 8, 8, 3], -1, 1, 'float32', 3);

function parameter(backbone: TransformerBackbone, name: string) {
  const found = backbone.parameters.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`No parameter ${name}`);
  return found;
}

describe.each([tinyConfig, deit])('$model_type', (config) => {
  const prefix = config.model_type === 'deit' ? 2 : 1;

  test.each([
    [4, 2],
    [3, 1],
    [4, 4],
  ])('a still clip of %d frames in tubelets of %d has the tokens of the image at every time step', (frames, tubelet) =>
    expectNoLeak(async () => {
      const still = image();
      const from = createBackbone(config, 1);
      const tokens = from.stem.apply(still, inference);
      const video = inflate(from, { frames, tubelet });
      const clip = tidy(() => tile(expandDims(still, 1), [1, frames, 1, 1, 1]));
      const videoTokens = video.stem.apply(clip, inference);
      const steps = frames / tubelet;
      expect(video.tokens).toBe(prefix + 4 * steps);
      const expected = tidy(() => {
        const patches = slice(tokens, [0, prefix, 0], [-1, -1, -1]);
        return concat([slice(tokens, [0, 0, 0], [-1, prefix, -1]), tile(patches, [1, steps, 1])], 1);
      });
      await expectClose(videoTokens, expected, { rtol: 1e-5, atol: 1e-6 });
      for (const item of [still, tokens, video, clip, videoTokens, expected]) item.dispose();
    }),
  );
});

test('with one frame it is the image model, bit for bit', () =>
  expectNoLeak(async () => {
    const still = image();
    const from = createBackbone(tinyConfig, 1);
    const run = (backbone: TransformerBackbone, pixels: typeof still) =>
      tidy(() => {
        let x = backbone.stem.apply(pixels, inference);
        for (const subBlock of backbone.subBlocks) x = add(x, subBlock.apply(x, inference));
        return backbone.norm!.apply(x, inference);
      });
    const expected = run(from, still);
    const video = inflate(from, { frames: 1, tubelet: 1 });
    const clip = reshape(still, [2, 1, 8, 8, 3]);
    const actual = run(video, clip as never);
    await expectIdentical(actual, expected);
    for (const item of [still, expected, video, clip, actual]) item.dispose();
  }));

test('the temporal embedding starts at zero and is the checkpoint tensor temporal_embeddings', async () => {
  const video = inflate(createBackbone(tinyConfig, 1), { frames: 6, tubelet: 2 });
  const temporal = parameter(video, 'stem.temporal');
  expect(temporal.trainable).toBe(true);
  expect(video.layerOf(temporal)).toBe(0);
  await expectIdentical(temporal.variable, { shape: [1, 3, 6], data: new Float32Array(18) });
  const [saved] = video.toCheckpoint(temporal, temporal.variable);
  expect(saved?.key).toBe('vit.embeddings.temporal_embeddings');
  saved?.tensor.dispose();
  const patch = parameter(video, 'stem.patch.weight');
  const [weight] = video.toCheckpoint(patch, patch.variable);
  expect(weight?.tensor.shape).toEqual([6, 3, 2, 4, 4]);
  weight?.tensor.dispose();
  video.dispose();
});

test('gives the sum of its gradient over places to the temporal embedding and over time to the spatial one', () =>
  expectNoLeak(async () => {
    const video = inflate(createBackbone(tinyConfig, 1), { frames: 4, tubelet: 2 });
    const clip = randomUniform([2, 4, 8, 8, 3], -1, 1, 'float32', 3);
    const dy = randomUniform([2, 9, 6], -1, 1, 'float32', 4);
    const { value, pullback } = video.stem.trace(clip, inference);
    const found = new Map<string, Float32Array>();
    pullback.parametersOnly(dy, ({ name }, gradient) => {
      found.set(name, gradient.dataSync() as Float32Array);
      gradient.dispose();
    });
    const d = dy.dataSync();
    const at = (batch: number, token: number, channel: number) => d[(batch * 9 + token) * 6 + channel]!;
    const sum = (tokens: number[], channel: number) =>
      tokens.reduce((total, token) => total + at(0, token, channel) + at(1, token, channel), 0);
    const position: number[] = [];
    const temporal: number[] = [];
    for (let c = 0; c < 6; c++) position.push(sum([0], c));
    for (let place = 0; place < 4; place++) for (let c = 0; c < 6; c++) position.push(sum([1 + place, 5 + place], c));
    for (const step of [0, 1])
      for (let c = 0; c < 6; c++)
        temporal.push(
          sum(
            [0, 1, 2, 3].map((p) => 1 + 4 * step + p),
            c,
          ),
        );
    const close = { rtol: 1e-5, atol: 1e-6 };
    const flat = (data: ArrayLike<number>) => ({ shape: [data.length], data });
    await expectClose(flat(found.get('stem.position')!), flat(position), close);
    await expectClose(flat(found.get('stem.temporal')!), flat(temporal), close);
    expect([...found.keys()].sort()).toEqual([
      'stem.class',
      'stem.patch.bias',
      'stem.patch.weight',
      'stem.position',
      'stem.temporal',
    ]);
    for (const item of [value, video, clip, dy]) item.dispose();
  }));

test('a saved one loads with other frames: the temporal embedding is resampled', () =>
  expectNoLeak(async () => {
    const folder = temporaryFolder();
    const video = inflate(createBackbone(tinyConfig, 1), { frames: 4, tubelet: 2 });
    parameter(video, 'stem.temporal').assign(tidy(() => tile(reshape([1, 2, 3, 4, 5, 6], [1, 1, 6]), [1, 2, 1])));
    await saveBackbone(folder, video);
    video.dispose();
    const longer = await loadBackbone(folder, { frames: 8 });
    const expected = Float32Array.from({ length: 24 }, (_, i) => 1 + (i % 6));
    await expectClose(
      parameter(longer, 'stem.temporal').variable,
      { shape: [1, 4, 6], data: expected },
      { rtol: 1e-6, atol: 0 },
    );
    longer.dispose();
    await expect(loadBackbone(folder, { frames: 8, tubelet: 4 })).rejects.toThrow(/tubelet 4 does not fit.*2 frames/);
  }));

test('refuses what cannot be inflated', () => {
  const video = inflate(createBackbone(tinyConfig, 1), { frames: 4 });
  expect(() => inflate(video, { frames: 4 })).toThrow(/inflated takes video input/);
  video.dispose();
  const still = createBackbone(tinyConfig, 1);
  expect(() => inflate(still, { frames: 5 })).toThrow(/frames 5 does not fit/);
  expect(() => inflate(still, { frames: 4, tubelet: 0 })).toThrow(/tubelet 0/);
  still.dispose();
});
