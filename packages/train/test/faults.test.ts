/** Faults of a graphics device in the middle of training, each provoked: a shader that does not compile, a device that is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentBackend, startBackend } from '@dr2net/backends';
import { testBackends } from '@dr2net/testing';
import type { ActionRecognizer, ClipBatch } from '@dr2net/video';
import { findBackend } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { adamW, type FinetuneEvent, finetune, StepFailedError } from '../src/index.ts';
import { clips, smallRecognizer } from './clips.ts';

const source = () => clips({ frames: 4, size: 16, batch: 2 });
const device = () => (findBackend('webgpu') as unknown as { device: GPUDevice }).device;

async function events(
  model: ActionRecognizer,
  steps: number,
  data = source(),
  folder?: string,
): Promise<FinetuneEvent<unknown>[]> {
  const seen: FinetuneEvent<unknown>[] = [];
  const backend = currentBackend()!;
  const checkpoint = folder ? { checkpoint: { folder, every: 1 } } : {};
  for await (const event of finetune(model, data, { steps, optimizer: adamW(), backend, ...checkpoint }))
    seen.push(event);
  return seen;
}

const losses = (seen: FinetuneEvent<unknown>[]) =>
  seen.filter((event) => event.type === 'step').map(({ loss }) => loss);

describe.each(await testBackends(['webgpu']))('$name', ({ available }) => {
  describe.skipIf(!available)('faults', () => {
    let folder = '';
    beforeEach(async () => {
      await startBackend('webgpu');
      folder = await mkdtemp(join(tmpdir(), 'dr2net-faults-'));
    });
    afterEach(async () => {
      vi.restoreAllMocks();
      currentBackend()?.dispose();
      await rm(folder, { recursive: true });
    });

    test('a shader that does not compile: the step is taken again by plain operations, once and loudly', async () => {
      const model = smallRecognizer();
      const expected = losses(await events(model, 2));
      model.dispose();
      currentBackend()?.dispose();

      await startBackend('webgpu');
      const create = device().createShaderModule.bind(device());
      device().createShaderModule = (descriptor) =>
        create(descriptor.label?.startsWith('dr2net attention') ? { ...descriptor, code: 'no shader' } : descriptor);
      const told = vi.spyOn(console, 'warn').mockImplementation(() => {});
      const again = smallRecognizer();
      const seen = await events(again, 2);
      const warnings = seen.filter((event) => event.type === 'warning').map(({ message }) => message);
      expect(warnings.filter((message) => message.includes('does not compile'))).toEqual([
        expect.stringMatching(
          /^The shader 'dr2net attention forward \d+' does not compile on this device .+ Step 1 is taken again\.$/s,
        ),
      ]);
      expect(told.mock.calls.filter(([line]) => `${line}`.includes('does not compile'))).toHaveLength(1);
      expect(losses(seen)).toHaveLength(2);
      for (const [i, loss] of losses(seen).entries()) expect(loss).toBeCloseTo(expected[i]!, 4);
      again.dispose();
    });

    test('a shader in whose place there is nothing: the run stops and says so', async () => {
      const create = device().createShaderModule.bind(device());
      device().createShaderModule = (descriptor) =>
        create(descriptor.label === 'dr2net exact update' ? { ...descriptor, code: 'no shader' } : descriptor);
      vi.spyOn(console, 'warn').mockImplementation(() => {});
      const model = smallRecognizer();
      await expect(events(model, 1)).rejects.toThrow(
        /^Step 1 failed .+The shader 'dr2net exact update' does not compile.+nothing takes its place: use another method or backend/s,
      );
      model.dispose();
    });

    test('a device that is lost while clips are evaluated is told as such', async () => {
      const model = smallRecognizer();
      model.evaluate = async () => {
        device().destroy();
        await device().lost;
        throw new Error('a buffer cannot be read');
      };
      const run = finetune(model, source(), {
        ...{ steps: 1, optimizer: adamW(), backend: currentBackend()!, checkpoint: { folder } },
        evaluate: { source: source() },
      });
      const failure = await (async () => {
        for await (const _ of run);
      })().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StepFailedError);
      expect(((failure as Error).cause as Error).name).toBe('DeviceLostError');
      expect((failure as StepFailedError).lastCheckpoint).toMatchObject({ step: 1 });
      model.dispose();
    });

    test('a device that is lost: the run stops and names the checkpoint, from which a new device goes on', async () => {
      const model = smallRecognizer();
      const expected = losses(await events(model, 4));
      model.dispose();

      const losing = source();
      const lost = {
        ...losing,
        async *epoch(options: { from?: number }): AsyncIterable<ClipBatch> {
          let batches = 0;
          for await (const batch of losing.epoch(options)) {
            if (++batches === 3) device().destroy();
            yield batch;
          }
        },
      };
      const first = smallRecognizer();
      const failure = await events(first, 4, lost, folder).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StepFailedError);
      const { message, lastCheckpoint, cause } = failure as StepFailedError;
      expect((cause as Error).name).toBe('DeviceLostError');
      expect(lastCheckpoint).toMatchObject({ step: 2 });
      expect(message).toMatch(/^Step 3 failed .+ has lost its device.+The last good checkpoint is .+ \(step 2\)\.$/);
      first.dispose();
      currentBackend()?.dispose();

      await startBackend('webgpu');
      const second = smallRecognizer();
      const options = { steps: 4, optimizer: adamW(), backend: currentBackend()! };
      const rest: FinetuneEvent<unknown>[] = [];
      for await (const event of finetune(second, source(), { ...options, checkpoint: { folder, resume: true } }))
        rest.push(event);
      expect(losses(rest)).toEqual(expected.slice(2));
      second.dispose();
    });
  });
});
