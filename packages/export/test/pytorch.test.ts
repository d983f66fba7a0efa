/** The programs of model cards, run by PyTorch on what is saved beside them, against ours. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SavedTraining } from '@dr2net/models';
import { encodeSafetensors } from '@dr2net/models';
import { readReference } from '@dr2net/testing';
import { setBackend, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settings, subjects } from './networks.ts';
import { hasPyTorch, python } from './python.ts';

const batch = 2;
const folder = mkdtempSync(join(tmpdir(), 'dr2net-cards-'));
/** What ours gives, by the folder of the saved model. */
const expected = new Map<string, Float32Array[]>();

/** One process for all of them: each card's program where its weights are. */
const driver = `
import os, re, sys
from safetensors.torch import load_file, save_file
root = os.getcwd()
for name in sorted(os.listdir(root)):
    os.chdir(os.path.join(root, name))
    card = open("README.md", encoding="utf8").read()
    scope = {}
    exec(re.search(r"\`\`\`python\\n(.*?)\`\`\`", card, re.S)[1], scope)
    given = load_file("input.safetensors")["pixels"]
    outputs = scope["forward"](given)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    save_file({str(i): each.contiguous() for i, each in enumerate(outputs)}, "output.safetensors")
`;

/** Channels before the sides (and frames), as PyTorch has them. */
const channelsFirst = (x: Tensor) => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [0, axes.length - 1, ...axes.slice(1, -1)]);
};

async function prepare(name: string, training: SavedTraining): Promise<void> {
  const subject = await subjects[name]!();
  if (!subject.save) throw new Error(`${name} is not saved.`);
  const inside = join(
    folder,
    `${name} ${training.coefficients.alpha} ${training.method.name}`.replace(/[^\w.]+/g, '-'),
  );
  mkdirSync(inside);
  await subject.save(inside, training);
  const network = subject.network(training);
  const { pixels: values } = network.example(batch, 3);
  const pixels = tensor(values!, [batch, ...network.inputs[0]!.shape!]);
  const turned = tidy(() => channelsFirst(pixels));
  const source = { key: 'pixels', shape: turned.shape, read: () => turned.data() as Promise<Float32Array> };
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeSafetensors([source])) chunks.push(chunk);
  writeFileSync(join(inside, 'input.safetensors'), Buffer.concat(chunks));
  const made = Object.values(network.apply({ pixels }, {}));
  expected.set(inside, (await Promise.all(made.map((each) => each.data()))) as Float32Array[]);
  for (const each of [pixels, turned, ...made]) each.dispose();
  subject.dispose();
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasPyTorch())('the program of a model card', () => {
  beforeAll(async () => {
    await setBackend('cpu');
  });

  it('gives what ours gives, of every kind of network and at every α and β', async () => {
    const names = ['vit', 'deit, distilled', 'dinov2', 'vit, timm', 'videomae', 'dinov2, inflated', 'yolos'];
    for (const [i, name] of names.entries())
      for (const { alpha, beta, method } of i === 0 || name === 'yolos' ? settings : settings.slice(1, 2))
        await prepare(name, { coefficients: { alpha, beta }, method, read: i % 2 === 0 ? 'last' : 'mean' });
    python(driver, folder);
    for (const [inside, outputs] of expected) {
      const theirs = readReference(join(inside, 'output.safetensors'));
      for (const [i, ours] of outputs.entries()) {
        const { data } = theirs.get(String(i))!;
        expect(data.length, inside).toBe(ours.length);
        const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const difference = ours.reduce((most, value, at) => Math.max(most, Math.abs(value - data[at]!)), 0);
        expect(difference / largest, inside).toBeLessThan(1e-5);
      }
    }
  });
});

describe('a card', () => {
  it('has a program of at most 60 lines', async () => {
    await setBackend('cpu');
    const subject = await subjects.videomae!();
    const inside = mkdtempSync(join(tmpdir(), 'dr2net-card-'));
    await subject.save!(inside, {
      coefficients: { alpha: 0.4, beta: 0.7 },
      method: { name: 'conventional' },
      read: 'last',
    });
    subject.dispose();
    const card = readFileSync(join(inside, 'README.md'), 'utf8');
    rmSync(inside, { recursive: true });
    const [, program] = /```python\n(.*?)```/s.exec(card) ?? [];
    expect(program!.split('\n').length).toBeLessThanOrEqual(60);
    expect(program).toContain('ALPHA, BETA = 0.4, 0.7');
  });
});
