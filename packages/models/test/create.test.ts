/** New models: the same for the same seed, in the published shapes, with the statistics they should have. */
import '@tensorflow/tfjs-backend-cpu';
import { expectIdentical, expectNoLeak } from '@dr2net/testing';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createBackbone, loadBackbone, saveBackbone } from '../src/index.ts';
import { temporaryFolder, tinyConfig, tinyShapes } from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const weightsOf = (backbone: ReturnType<typeof createBackbone>) =>
  new Map(
    backbone.parameters.map(({ name, shape, variable }) => [
      name,
      { shape, data: variable.dataSync() as Float32Array },
    ]),
  );

test('the same seed gives the same weights, another seed others', () =>
  expectNoLeak(async () => {
    const made = [7, 7, 8].map((seed) => createBackbone(tinyConfig, seed));
    const [a, b, c] = made.map(weightsOf);
    for (const [name, values] of a!) await expectIdentical(b!.get(name)!, values, name);
    expect(c!.get('stem.patch.weight')!.data).not.toEqual(a!.get('stem.patch.weight')!.data);
    expect(a!.get('blocks.0.mlp.expand.weight')!.data).not.toEqual(a!.get('blocks.1.mlp.expand.weight')!.data);
    for (const backbone of made) backbone.dispose();
  }));

test('weights are truncated normal with σ = 0.02, biases 0, norms 1, LayerScale its value', () =>
  expectNoLeak(() => {
    const backbone = createBackbone(
      {
        model_type: 'dinov2',
        hidden_size: 48,
        num_hidden_layers: 1,
        num_attention_heads: 3,
        image_size: 28,
        layerscale_value: 0.1,
      },
      1,
    );
    const weights = weightsOf(backbone);
    const data = weights.get('blocks.0.mlp.expand.weight')!.data;
    const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
    const sigma = Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length);
    // Cut at ±2σ, a normal's deviation is 0.8796σ; 9,216 samples.
    expect(Math.abs(mean)).toBeLessThan(4 * (0.0176 / Math.sqrt(data.length)));
    expect(sigma).toBeCloseTo(0.02 * 0.8796, 3);
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(0.04);
    expect(Math.max(...data.map(Math.abs))).toBeGreaterThan(0.039);
    expect(new Set(weights.get('blocks.0.mlp.expand.bias')!.data)).toEqual(new Set([0]));
    expect(new Set(weights.get('norm.gain')!.data)).toEqual(new Set([1]));
    expect(new Set(weights.get('blocks.0.attention.scale')!.data)).toEqual(new Set([Math.fround(0.1)]));
    backbone.dispose();
  }));

test('is saved under the published names and shapes', async () => {
  const folder = temporaryFolder();
  const backbone = createBackbone(tinyConfig, 7);
  const expected = weightsOf(backbone);
  await saveBackbone(folder, backbone);
  backbone.dispose();
  const again = await loadBackbone(folder);
  for (const [name, values] of weightsOf(again)) await expectIdentical(values, expected.get(name)!, name);
  const keys = again.parameters.flatMap((parameter) =>
    again.toCheckpoint(parameter, parameter.variable).map(({ key, tensor }) => {
      expect(tensor.shape).toEqual(tinyShapes()[key.replace(/^vit\./, '')]);
      tensor.dispose();
      return key;
    }),
  );
  expect(keys.sort()).toEqual(
    Object.keys(tinyShapes())
      .map((key) => `vit.${key}`)
      .sort(),
  );
  again.dispose();
});

const sizes = { hidden_size: 12, num_hidden_layers: 2, num_attention_heads: 3, image_size: 16, patch_size: 8 };
describe('every architecture can be made', () => {
  test.each([
    [
      { model_type: 'vit', ...sizes, qkv_bias: false },
      { architecture: 'vit', tokens: 5, prefixTokens: 1 },
    ],
    [
      { model_type: 'deit', ...sizes },
      { architecture: 'deit', tokens: 6, prefixTokens: 2 },
    ],
    [
      { model_type: 'dinov2', ...sizes },
      { architecture: 'dinov2', tokens: 5, prefixTokens: 1 },
    ],
    [
      { model_type: 'videomae', ...sizes, num_frames: 4, use_mean_pooling: false },
      { architecture: 'videomae', tokens: 8, prefixTokens: 0 },
    ],
    [
      { architecture: 'vit_tiny_patch16_224', model_args: { depth: 1 } },
      { architecture: 'vit', tokens: 197, width: 192, depth: 1 },
    ],
    [
      { architecture: 'deit_tiny_distilled_patch16_224.fb_in1k', model_args: { depth: 1 } },
      { architecture: 'deit', tokens: 198, prefixTokens: 2 },
    ],
    [
      { architecture: 'vit_small_patch14_dinov2.lvd142m', model_args: { depth: 1, img_size: 28 } },
      { architecture: 'dinov2', tokens: 5, width: 384 },
    ],
    [
      {
        model_type: 'dr2net-inflated-vit',
        num_frames: 4,
        tubelet_size: 2,
        image_model: { model_type: 'vit', ...sizes },
      },
      { architecture: 'inflated', tokens: 9 },
    ],
  ])('%j', (config, expected) =>
    expectNoLeak(() => {
      const backbone = createBackbone(config, 1);
      expect(backbone).toMatchObject(expected);
      expect(backbone.subBlocks).toHaveLength(2 * backbone.depth);
      backbone.dispose();
    }),
  );

  test.each([
    [
      { architecture: 'vit_small_patch14_reg4_dinov2' },
      /is not built; the nearest known name is vit_small_patch14_dinov2/,
    ],
    [{ architecture: 'vit_tiny_patch16_224', model_args: { reg_tokens: 4 } }, /reg_tokens is 4.*not built/],
    [{ model_type: 'dinov2', ...sizes, use_swiglu_ffn: true }, /use_swiglu_ffn is true.*SwiGLU.*small, base or large/],
    [{ model_type: 'videomae', ...sizes, num_frames: 5 }, /frames 5 does not fit/],
    [{ model_type: 'vit', ...sizes, image_size: [16, 32] }, /image_size is \[16,32\]/],
  ])('%j is refused', (config, message) => {
    expect(() => createBackbone(config, 1)).toThrow(message);
  });
});
