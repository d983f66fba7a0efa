/** `info` of segmenters: as they were published, as they were trained, and with weights that do not fit. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import { createBackbone, createSegmenter, encodeSafetensors, saveSegmenter, segmenterConfig } from '@dr2net/models';
import { pointSegmentation } from '@dr2net/pointcloud';
import { readReference, sharedPath } from '@dr2net/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, tinyImageModel } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('info-pointcloud');
const at = (...parts: string[]) => join(folder.path, ...parts);

beforeAll(async () => {
  await startBackend('cpu', { selfTest: false });
  const backbone = createBackbone(tinyImageModel, 1);
  const config = segmenterConfig(backbone, { classes: 2, channels: 1, groupSize: 8 });
  const segmenter = createSegmenter(config, 1, { shift: 'branch' });
  const clouds = { points: 64, region: 'sphere', features: ['height'], voxel: 0.5 } as const;
  await pointSegmentation(segmenter, { classes: ['bush', 'ground'], clouds }).save(at('trained'));
  await saveSegmenter(at('broken'), segmenter);
  segmenter.dispose();
  backbone.dispose();
});
afterAll(() => folder.remove());

describe('info', () => {
  const reference = sharedPath('reference/pointvit-patch-ball');
  it.skipIf(!reference)('of a published segmenter: every tensor is counted', async () => {
    const { code, json, stderr } = await run('info', reference!, '--json');
    expect(code, stderr).toBe(0);
    const buffers = /\.(running_mean|running_var|num_batches_tracked)$/;
    const learned = [...readReference(join(reference!, 'model.safetensors'))].filter(([key]) => !buffers.test(key));
    expect(json).toMatchObject({
      architecture: 'pointvit',
      input: { kind: 'pointcloud', channels: 4 },
      pointsPerToken: 16,
      shift: 'once',
      training: null,
      missingTensors: [],
      parameters: { tensors: learned.length, count: learned.reduce((sum, [, { data }]) => sum + data.length, 0) },
    });
    expect(json.unusedTensors).toEqual([]);
  });

  it('of one that was trained here: input, classes, α and β', async () => {
    const { code, stdout } = await run('info', at('trained'));
    expect(code).toBe(0);
    for (const line of [
      /^input +1 feature a point \(height\)$/m,
      /^sample +64 points, nearest to a centre, thinned to voxels of 0\.5$/m,
      /^positions +before every block, inside the branch$/m,
      /^tokens +5 \(1 before the groups\)$/m,
      /^classes +2: bush, ground$/m,
      /^trained with +α = 0\.984375, β = 0\.015625, method exact, head reads last$/m,
      /^missing tensors +none$/m,
    ])
      expect(stdout).toMatch(line);
    const { json } = await run('info', at('trained'), '--json');
    expect(json).toMatchObject({ input: { cloud: { points: 64, voxel: 0.5 } }, head: { outputs: 2 } });
  });

  it('names all that is missing, of other shapes, and left over, without loading it', async () => {
    const path = at('broken', 'model.safetensors');
    const tensors = [...readReference(path)].flatMap(([key, { shape, data }]) => {
      if (key === 'encoder.cls_token' || key === 'head.head.0.0.weight') return [];
      if (key === 'encoder.norm.bias') return [{ key, shape: [2], read: () => new Float32Array(2) }];
      return [{ key, shape, read: () => Float32Array.from(data) }];
    });
    const more = { key: 'decoder.more', shape: [1], read: () => new Float32Array(1) };
    const chunks: Uint8Array[] = [];
    for await (const chunk of encodeSafetensors([...tensors, more])) chunks.push(Uint8Array.from(chunk));
    writeFileSync(path, Buffer.concat(chunks));
    const { code, json } = await run('info', at('broken'), '--json');
    expect(code).toBe(0);
    expect(json).toMatchObject({
      missingTensors: ['encoder.cls_token', 'head.head.0.0.weight'],
      misshapenTensors: [{ key: 'encoder.norm.bias', shape: [2], needed: [24] }],
      unusedTensors: ['decoder.more'],
    });
    expect((await run('info', at('broken'))).stdout).toMatch(/^other shapes +encoder\.norm\.bias \[2\], not \[24\]$/m);
  });

  it('refuses options of clips', async () => {
    const { code, stderr } = await run('info', at('trained'), '--frames', '8');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--frames belongs to the task video')]);
  });
});
