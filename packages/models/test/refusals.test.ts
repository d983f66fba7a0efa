/** Everything that can be wrong with a model on disk or with what is asked of it: the error names it and the remedy. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expectNoLeak } from '@dr2net/testing';
import { setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { type LoadOptions, loadBackbone } from '../src/index.ts';
import {
  encode,
  safetensors,
  type TinyChange,
  temporaryFolder,
  tinyConfig,
  tinyTensors,
  writeModel,
  writeTinyModel,
} from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const root = temporaryFolder();
const newFolder = () => mkdtempSync(join(root, 'model-'));
const tinyModel = (change: TinyChange = {}) => writeTinyModel(newFolder(), change);

const truncated = safetensors(tinyTensors()).slice(0, -5);
const lies = () => {
  const tensors = tinyTensors();
  const bias = tensors.get('layernorm.bias')!;
  tensors.set('layernorm.bias', { ...bias, shape: [7] });
  return safetensors(tensors);
};
const changed = (change: (tensors: ReturnType<typeof tinyTensors>) => void) => {
  const tensors = tinyTensors();
  change(tensors);
  return safetensors(tensors);
};
const cases: [string, () => string, LoadOptions, string, RegExp][] = [
  [
    'a folder that is not there',
    () => join(root, 'nothing'),
    {},
    'ModelSourceError',
    /nothing.*config\.json and model\.safetensors/,
  ],
  ['an empty folder', newFolder, {}, 'ModelSourceError', /has no config\.json/],
  ['a file', () => join(tinyModel(), 'config.json'), {}, 'ModelSourceError', /is a file/],
  [
    'no weights',
    () => writeModel(newFolder(), { 'config.json': tinyConfig }),
    {},
    'ModelSourceError',
    /has no model\.safetensors/,
  ],
  [
    'a shard that is not there',
    () =>
      writeModel(newFolder(), {
        'config.json': tinyConfig,
        'model.safetensors.index.json': { weight_map: { x: 'a.safetensors' } },
      }),
    {},
    'ModelSourceError',
    /has no a\.safetensors/,
  ],
  [
    'an index without map',
    () => writeModel(newFolder(), { 'config.json': tinyConfig, 'model.safetensors.index.json': {} }),
    {},
    'CheckpointError',
    /no weight_map/,
  ],
  [
    'a configuration that is not JSON',
    () => writeModel(newFolder(), { 'config.json': new TextEncoder().encode('{') }),
    {},
    'ConfigError',
    /config\.json is not JSON/,
  ],
  ['a truncated file', () => tinyModel({ weights: truncated }), {}, 'CheckpointError', /truncated.*Download it again/],
  ['a file of 4 bytes', () => tinyModel({ weights: new Uint8Array(4) }), {}, 'CheckpointError', /truncated/],
  [
    'a truncated header',
    () => tinyModel({ weights: truncated.slice(0, 100) }),
    {},
    'CheckpointError',
    /truncated: its header alone/,
  ],
  [
    'another format',
    () => tinyModel({ weights: new TextEncoder().encode('PK this is a zip file') }),
    {},
    'CheckpointError',
    /not a safetensors file/,
  ],
  [
    'a header that is not JSON',
    () => tinyModel({ weights: new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 65, 66]) }),
    {},
    'CheckpointError',
    /not JSON/,
  ],
  [
    'a tensor with fewer bytes than its shape',
    () => tinyModel({ weights: lies() }),
    {},
    'CheckpointError',
    /layernorm\.bias.*24 bytes.*needs 28/,
  ],
  [
    'a missing tensor',
    () => tinyModel({ weights: changed((t) => t.delete('encoder.layer.1.output.dense.bias')) }),
    {},
    'MissingTensorError',
    /encoder\.layer\.1\.output\.dense\.bias \[6\] is missing; the nearest known name is encoder\.layer\.0\.output\.dense\.bias/,
  ],
  [
    'a wrong shape',
    () => tinyModel({ weights: changed((t) => t.set('layernorm.weight', encode('F32', [5], [1, 2, 3, 4, 5]))) }),
    {},
    'TensorShapeError',
    /layernorm\.weight is \[5\] where config\.json needs \[6\]/,
  ],
  [
    'weights of whole numbers',
    () =>
      tinyModel({
        weights: changed((t) => t.set('layernorm.weight', { dtype: 'I32', shape: [6], bytes: new Uint8Array(24) })),
      }),
    {},
    'CheckpointError',
    /layernorm\.weight is I32/,
  ],
  [
    'an unknown architecture',
    () => tinyModel({ config: { model_type: 'dinov3' } }),
    {},
    'UnsupportedArchitectureError',
    /dinov3 is not built; the nearest known name is dinov2\. Known: vit, deit, dinov2, videomae/,
  ],
  [
    'an unknown timm architecture',
    () => tinyModel({ config: { model_type: undefined, architecture: 'vit_smal_patch16_224' } }),
    {},
    'UnsupportedArchitectureError',
    /vit_smal_patch16_224 is not built; the nearest known name is vit_small_patch16_224/,
  ],
  [
    'no architecture',
    () => tinyModel({ config: { model_type: undefined } }),
    {},
    'UnsupportedArchitectureError',
    /neither model_type/,
  ],
  [
    'another activation',
    () => tinyModel({ config: { hidden_act: 'relu' } }),
    {},
    'ConfigError',
    /hidden_act is "relu"/,
  ],
  [
    'attention dropout',
    () => tinyModel({ config: { attention_probs_dropout_prob: 0.1 } }),
    {},
    'ConfigError',
    /attention_probs_dropout_prob is 0\.1.*set it to 0/,
  ],
  [
    'a field that is missing',
    () => tinyModel({ config: { hidden_size: null } }),
    {},
    'ConfigError',
    /has no hidden_size/,
  ],
  [
    'a field of another kind',
    () => tinyModel({ config: { hidden_size: '6' } }),
    {},
    'ConfigError',
    /hidden_size is "6"/,
  ],
  [
    'heads that do not divide the width',
    () => tinyModel({ config: { num_attention_heads: 4 } }),
    {},
    'ConfigError',
    /4 attention heads do not divide the width 6/,
  ],
  ['too many blocks', tinyModel, { depth: 3 }, 'ModelOptionError', /depth 3 does not fit: the model has 2 blocks/],
  ['no blocks', tinyModel, { depth: 0 }, 'ModelOptionError', /depth 0/],
  [
    'a size between patches',
    tinyModel,
    { size: 10 },
    'ModelOptionError',
    /size 10.*patch size 4; the nearest are 8 and 12/,
  ],
  [
    'frames between tubelets',
    tinyModel,
    { frames: 5 },
    'ModelOptionError',
    /frames 5.*tubelet size 2; the nearest are 4 and 6/,
  ],
  ['a tubelet for images', tinyModel, { tubelet: 2 }, 'ModelOptionError', /tubelet 2 needs frames/],
  ['a rate of stochastic depth that drops all', tinyModel, { dropPath: 1 }, 'ModelOptionError', /dropPath 1/],
  [
    'coefficients that are not numbers',
    () => tinyModel({ config: { dr2net: { alpha: 'one', beta: 0 } } }),
    {},
    'ConfigError',
    /alpha is "one"/,
  ],
  [
    'an unknown method',
    () => tinyModel({ config: { dr2net: { alpha: 1, beta: 0, method: { name: 'revers' } } } }),
    {},
    'ConfigError',
    /"revers".*nearest known name is reversible/,
  ],
];

test.each(cases)('%s', (_what, source, options, name, message) =>
  expectNoLeak(async () => {
    const error = await loadBackbone(source(), options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).name).toBe(name);
    expect((error as Error).message).toMatch(message);
  }),
);
