/** Reading checkpoints: formats, shards, fewer blocks, memory. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Meter } from '@dr2net/memory';
import { expectIdentical, expectNoLeak, sharedPath } from '@dr2net/testing';
import { dispose, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadBackbone } from '../src/index.ts';
import {
  encode,
  safetensors,
  type TinyChange,
  temporaryFolder,
  tinyConfig,
  tinyShapes,
  tinyTensors,
  valuesOf,
  writeModel,
  writeTinyModel,
} from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const root = temporaryFolder();
const newFolder = () => mkdtempSync(join(root, 'model-'));
const tinyModel = (change: TinyChange = {}) => writeTinyModel(newFolder(), change);

/** Every tensor of the checkpoint comes back bit for bit. */
async function expectLoads(source: string): Promise<void> {
  await expectNoLeak(async () => {
    const backbone = await loadBackbone(source);
    const shapes = tinyShapes();
    for (const parameter of backbone.parameters) {
      const tensors = backbone.toCheckpoint(parameter, parameter.variable);
      for (const { key, tensor } of tensors) {
        const shape = shapes[key]!;
        await expectIdentical(tensor, { shape, data: valuesOf(key, shape) }, key);
        delete shapes[key];
      }
      dispose(tensors.map(({ tensor }) => tensor));
    }
    expect(Object.keys(shapes)).toEqual([]);
    expect(backbone.unused).toEqual([]);
    backbone.dispose();
  });
}

describe('formats', () => {
  test.each(['F32', 'F16', 'BF16', 'F64'] as const)('%s', (dtype) =>
    expectLoads(tinyModel({ weights: safetensors(tinyTensors(dtype)) })),
  );

  test('shards, with the three parts of a fused tensor in different ones', async () => {
    const shards = [new Map(), new Map(), new Map()] as ReturnType<typeof tinyTensors>[];
    const names = [
      'model-00001-of-00003.safetensors',
      'model-00002-of-00003.safetensors',
      'model-00003-of-00003.safetensors',
    ];
    const weight_map: Record<string, string> = {};
    [...tinyTensors()].forEach(([key, tensor], i) => {
      shards[i % 3]!.set(key, tensor);
      weight_map[key] = names[i % 3]!;
    });
    const folder = writeModel(newFolder(), {
      'config.json': tinyConfig,
      'model.safetensors.index.json': { metadata: {}, weight_map },
      ...Object.fromEntries(shards.map((shard, i) => [names[i]!, safetensors(shard)])),
    });
    await expectLoads(folder);
  });

  test('a file address', () => expectLoads(`file://${tinyModel()}`));

  test('keys with the prefix of the whole model, beside a pooler and integer buffers', async () => {
    const tensors = new Map([...tinyTensors()].map(([key, tensor]) => [`vit.${key}`, tensor]));
    tensors.set('vit.pooler.dense.bias', encode('F32', [6], [1, 2, 3, 4, 5, 6]));
    tensors.set('position_ids', { dtype: 'I64', shape: [1], bytes: new Uint8Array(8) });
    const backbone = await loadBackbone(tinyModel({ weights: safetensors(tensors) }));
    expect(backbone.unused).toEqual(['position_ids', 'vit.pooler.dense.bias']);
    expect(backbone.toCheckpoint(backbone.parameters[0]!, backbone.parameters[0]!.variable)[0]!.key).toBe(
      'vit.embeddings.patch_embeddings.projection.weight',
    );
    backbone.dispose();
  });
});

test('depth keeps the first blocks and reports the tensors of the others', async () => {
  const backbone = await loadBackbone(tinyModel(), { depth: 1 });
  expect(backbone.subBlocks.map(({ name }) => name)).toEqual(['blocks.0.attention', 'blocks.0.mlp']);
  expect(backbone.unused).toHaveLength(16);
  expect(backbone.unused.every((key) => key.startsWith('encoder.layer.1.'))).toBe(true);
  expect(backbone.config.num_hidden_layers).toBe(1);
  expect(backbone.parameters.map((parameter) => backbone.layerOf(parameter)).sort()).toContain(2);
  backbone.dispose();
});

const shared = sharedPath('weights/dinov2-small');
test.skipIf(!shared)('never holds more than the model and one of its parameters', async () => {
  const meter = new Meter();
  const backbone = await loadBackbone(shared!);
  const { peakBytes } = meter.stop();
  const parameters = backbone.parameters.reduce((sum, { bytes }) => sum + bytes, 0);
  const largest = Math.max(...backbone.parameters.map(({ bytes }) => bytes));
  backbone.dispose();
  expect(statSync(join(shared!, 'model.safetensors')).size * 2).toBeGreaterThanOrEqual(parameters);
  expect(peakBytes).toBeLessThanOrEqual(parameters + largest);
});
