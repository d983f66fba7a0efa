import { createBackbone } from '@dr2net/models';
import { inference } from '@dr2net/ops';
import { expectScaledClose } from '@dr2net/testing';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { clipOptions, Random } from 'dr2net/example';
import { expect, it } from 'vitest';
import { maskedBatch, shapeOf, toPatches, unlabelledClips, varied } from '../scripts/pretrain/batch.ts';
import { flowSize, flowTarget } from '../scripts/pretrain/flow.ts';

/** Frames of a smooth texture that moves by (dx, dy) pixels a frame. */
function moving(dx: number, dy: number, frames = 4, size = 16): { pixels: Uint8Array; frames: number; size: number } {
  const pixels = new Uint8Array(frames * size * size * 3);
  let at = 0;
  for (let t = 0; t < frames; t++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const [u, v] = [x - dx * t, y - dy * t];
        const value = 128 + 60 * Math.sin(u / 3.1) + 60 * Math.sin(v / 2.7 + 1);
        for (let c = 0; c < 3; c++) pixels[at++] = value;
      }
  return { pixels, frames, size };
}

it('measures the motion of a texture, in half pixels a frame', () => {
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0.5],
    [0, -1.2],
    [0, 0],
  ] as const) {
    const flow = flowTarget(moving(dx, dy), 8, 2);
    expect(flow.length).toBe(2 * 4 * flowSize);
    for (let i = 0; i < flow.length; i += 2) {
      // The target is three times the motion; the method underestimates it where there is little structure.
      expect(Math.abs((flow[i] ?? Number.NaN) - 3 * (dx / 2))).toBeLessThan(0.5);
      expect(Math.abs((flow[i + 1] ?? Number.NaN) - 3 * (dy / 2))).toBeLessThan(0.5);
    }
  }
});

it('varies a clip without inventing a pixel', () => {
  const [clip = new Uint8Array(0)] = unlabelledClips(1, 5);
  const variants = Array.from({ length: 20 }, (_, i) => varied(clip, new Random(i)));
  expect(new Set(variants.map(String)).size).toBeGreaterThan(10);
  for (const variant of variants) expect(Buffer.compare(variant.slice().sort(), clip.slice().sort())).toBe(0);
});

it('cuts patches as the backbone does', async () => {
  const config = {
    model_type: 'videomae',
    hidden_size: 12,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 24,
  };
  const shape = shapeOf(8, 2, 0.5);
  const backbone = createBackbone(
    { ...config, image_size: clipOptions.size, patch_size: 8, num_frames: clipOptions.frames, tubelet_size: 2 },
    3,
  );
  const take = (name: string) =>
    backbone.parameters.find((parameter) => parameter.name === name)?.variable as tf.Tensor;
  const [clip = new Uint8Array(0)] = unlabelledClips(1, 6);
  const { mean, std } = backbone.input;
  const pixels = Float32Array.from(clip, (byte, i) => (byte / 255 - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1));
  const frame = [clipOptions.frames, clipOptions.size, clipOptions.size, 3];
  const positioned = backbone.stem.apply(tf.tensor(pixels, [1, ...frame]), inference);
  const positions = tf.sub(backbone.stem.apply(tf.zeros([1, ...frame]), inference), take('stem.patch.bias'));
  const patches = tf.tensor2d(toPatches(clip, shape, mean, std), [shape.tokens, shape.patchSize]);
  const embedded = tf.add(tf.matMul(patches, take('stem.patch.weight') as tf.Tensor2D), take('stem.patch.bias'));
  await expectScaledClose(tf.reshape(embedded, positioned.shape), tf.sub(positioned, positions), {
    rtol: 1e-5,
    atol: 0,
  });
});

it('hides what it asks for, and says where everything was', () => {
  const shape = shapeOf(8, 2, 0.75);
  expect(shape).toMatchObject({ tokens: 64, visible: 16 });
  const plain = { mean: [0, 0, 0], std: [1, 1, 1] };
  const batch = maskedBatch(unlabelledClips(2, 7), 3, shape, plain, new Random(8));
  for (let i = 0; i < 3; i++) {
    const order = [...batch.order.subarray(64 * i, 64 * (i + 1))];
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, token) => token));
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
  }
  expect(batch.visible.length).toBe(3 * 16 * shape.patchSize);
  expect(batch.masked.length).toBe(3 * 48 * shape.patchSize);
});
