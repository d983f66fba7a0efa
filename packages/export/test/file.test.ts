/** What stands in a file, and what is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak } from '@dr2net/testing';
import { concat, getBackend, mul, reverse, setBackend, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import * as runtime from 'onnxruntime-node';
import { PbfReader } from 'pbf';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ExportedNetwork, exportOnnx, verifyOnnx } from '../src/index.ts';
import { subjects } from './networks.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

async function fileOf(network: ExportedNetwork, batch?: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await exportOnnx(network, batch === undefined ? {} : { batch })).chunks())
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The fields of a message, read by their published numbers. */
function fieldsOf(bytes: Uint8Array): Record<number, (Uint8Array | number)[]> {
  const found: Record<number, (Uint8Array | number)[]> = {};
  new PbfReader(bytes).readFields((tag, _, pbf) => {
    const value = pbf.type === 2 ? pbf.readBytes() : pbf.readVarint();
    found[tag] = [...(found[tag] ?? []), value];
  }, {});
  return found;
}

const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
const message = (fields: ReturnType<typeof fieldsOf>, tag: number) =>
  (fields[tag] ?? []).map((each) => fieldsOf(each as Uint8Array));

describe('a file', () => {
  it('has every parameter once by its name, the coefficients and how its input is made', async () => {
    const subject = await subjects.dinov2!();
    const network = subject.network({ coefficients: { alpha: 63 / 64, beta: 1 / 64 }, method: { name: 'exact' } });
    const file = await fileOf(network);
    const model = fieldsOf(file);
    const [graph] = message(model, 7);
    const names = message(graph!, 5).map((tensor) => text(tensor[8]![0]));
    for (const { name } of network.parameters)
      expect(
        names.filter((each) => each === name),
        name,
      ).toHaveLength(1);
    const bytes = network.parameters.reduce((sum, parameter) => sum + parameter.bytes, 0);
    expect(file.length - bytes).toBeLessThan(25_000);
    expect(message(model, 8).map((opset) => opset[2])).toEqual([[17]]);
    const metadata = Object.fromEntries(message(model, 14).map((entry) => [text(entry[1]![0]), text(entry[2]![0])]));
    expect(metadata).toEqual({
      'dr2net.task': 'images',
      'dr2net.architecture': 'dinov2',
      'dr2net.alpha': '0.984375',
      'dr2net.beta': '0.015625',
      'dr2net.method': 'exact',
      'dr2net.head_read': 'last',
      'dr2net.classes': '["a","b","c"]',
      'dr2net.size': '[28,28]',
      'dr2net.mean': '[0.485,0.456,0.406]',
      'dr2net.std': '[0.229,0.224,0.225]',
    });
    const session = await runtime.InferenceSession.create(file);
    expect(session.inputMetadata).toMatchObject([{ name: 'pixels', type: 'float32', shape: ['batch', 28, 28, 3] }]);
    expect(session.outputMetadata).toMatchObject([{ name: 'logits', type: 'float32', shape: ['batch', 3] }]);
    subject.dispose();
  });
});

/** x [batch, 4] → what `apply` makes of it. */
function small(apply: (x: Tensor) => Tensor): ExportedNetwork {
  return {
    name: 'small',
    inputs: [{ name: 'x', shape: [4], dtype: 'float32', description: 'four numbers' }],
    outputs: { y: 'what comes of them' },
    parameters: [],
    metadata: {},
    example: (batch) => ({ x: Float32Array.from({ length: 4 * batch }, (_, i) => Math.sin(i)) }),
    apply: ({ x }) => ({ y: tidy(() => apply(x!)) }),
  };
}

describe('a network that is no graph for every batch', () => {
  const first = small((x) => mul(slice(x, [0, 0], [1, 4]), 2));
  it('is refused', async () => {
    await expect(exportOnnx(first)).rejects.toThrow('give a batch of a fixed size (--batch 1)');
    await expect(exportOnnx(small((x) => mul(x, x.shape[0]!)))).rejects.toThrow('A constant depends on the batch');
    const counted = small((x) =>
      concat(
        Array.from({ length: x.shape[0]! }, () => x),
        1,
      ),
    );
    await expect(exportOnnx(counted)).rejects.toThrow('give a fixed batch');
  });

  it('is written for one', async () => {
    expect((await verifyOnnx(first, await fileOf(first, 2), runtime, { batches: [2] })).relative).toBe(0);
  });
});

describe('a network that cannot be recorded', () => {
  it('is refused with the operation or the reason, and leaves no tensor and the backend that was there', () =>
    expectNoLeak(async () => {
      await expect(exportOnnx(small((x) => reverse(x, 1)))).rejects.toThrow('the operation Reverse');
      const reads = small((x) => mul(x, mul(x, 2).dataSync()[0]!));
      await expect(exportOnnx(reads)).rejects.toThrow('looks at numbers that it has worked out');
      expect(getBackend()).toBe('cpu');
    }));
});

describe('a comparison', () => {
  it('fails where something is no number', async () => {
    const one = small((x) => mul(x, 1));
    const file = await fileOf(one);
    const broken = small((x) => mul(x, Number.NaN));
    await expect(verifyOnnx(broken, file, runtime)).rejects.toThrow('Infinity');
  });
});
