/** Networks as ONNX files, run by onnxruntime and by us. */
import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak } from '@dr2net/testing';
import { setBackend } from '@tensorflow/tfjs-core';
import * as runtime from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ExportedNetwork, exportOnnx, type OnnxOptions, verifyOnnx } from '../src/index.ts';
import { settings, subjects } from './networks.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

async function fileOf(network: ExportedNetwork, options?: OnnxOptions): Promise<Uint8Array> {
  const model = await exportOnnx(network, options);
  const chunks: Uint8Array[] = [];
  for await (const chunk of model.chunks()) chunks.push(chunk);
  const file = Buffer.concat(chunks);
  expect(file.length).toBe(model.bytes);
  return file;
}

describe.each(Object.entries(subjects))('%s', (_, make) => {
  it('is the same network, at every α and β', () =>
    expectNoLeak(async () => {
      const subject = await make();
      for (const { alpha, beta, method } of settings) {
        const network = subject.network({ coefficients: { alpha, beta }, method, read: 'mean' });
        const { relative } = await verifyOnnx(network, await fileOf(network), runtime);
        expect(relative, `${alpha}, ${beta}`).toBeLessThan(1e-5);
      }
      subject.dispose();
    }));

  it('is told from the network without β', async () => {
    const subject = await make();
    const network = (beta: number) =>
      subject.network({ coefficients: { alpha: 0.4, beta }, method: { name: 'conventional' } });
    await expect(verifyOnnx(network(0), await fileOf(network(0.7)), runtime)).rejects.toThrow('differ from ours');
    subject.dispose();
  });
});
