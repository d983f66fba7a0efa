import { expect, test } from 'vitest';
import { decaysByDefault } from '../src/index.ts';

test.each([
  ['blocks.0.attention.qkv.weight', [4, 12], true],
  ['stem.patch.weight', [12, 4], true],
  ['head.weight', [4, 2], true],
  ['blocks.0.attention.qkv.bias', [12], false],
  ['blocks.0.mlp.norm.gain', [4], false],
  ['blocks.0.mlp.scale', [4], false],
  ['stem.position', [1, 5, 4], false],
  ['stem.temporal', [1, 2, 4], false],
  ['stem.class', [1, 1, 4], false],
  ['stem.distillation', [1, 1, 4], false],
  ['pos_embed', [1, 5, 4], false],
  ['cls_token', [1, 1, 4], false],
  ['vit.embeddings.position_embeddings', [1, 5, 4], false],
  ['layers.0.blocks.0.attn.relative_position_bias_table', [49, 3], false],
  ['classifier.weight', [4, 2], true],
])('%s %j decays: %s', (name, shape, expected) => {
  expect(decaysByDefault({ name, shape })).toBe(expected);
});
