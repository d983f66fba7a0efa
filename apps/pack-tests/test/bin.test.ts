/** The command that comes with `dr2net`: a finetuned model is looked at and taken to other programs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { run } from '../src/stranger.ts';

const project = inject('project') ?? '';

/** As `finetune` leaves it: weights, classes, α and β. */
const saveModel = `
import '@tensorflow/tfjs-backend-cpu';
import { createBackbone, newHead, saveBackbone, startBackend } from 'dr2net';
await startBackend('cpu');
const size = { hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2 };
const backbone = createBackbone({ model_type: 'dinov2', image_size: 28, patch_size: 14, ...size }, 1);
const head = newHead(backbone, { classes: 2, seed: 1 });
const training = { coefficients: { alpha: 0.4, beta: 0.7 }, method: { name: 'reversible' }, read: 'last' };
await saveBackbone('model', backbone, { head, labels: ['cat', 'dog'], training });
`;

const dr2net = (...args: string[]) => run('npx', ['--no-install', 'dr2net', ...args], { cwd: project });

describe.skipIf(!project)('dr2net', () => {
  beforeAll(async () => {
    writeFileSync(join(project, 'save-model.mjs'), saveModel);
    await run(process.execPath, ['save-model.mjs'], { cwd: project });
  });

  test('says its version and what it can do', async () => {
    const { version } = JSON.parse(readFileSync(join(project, 'node_modules/dr2net/package.json'), 'utf8'));
    expect((await dr2net('--version')).stdout).toBe(version);
    expect((await dr2net('--help')).stdout).toMatch(/Commands:[\s\S]* finetune /);
  });

  test('writes ONNX that onnxruntime runs as our model', async () => {
    const args = ['--model', 'model', '--format', 'onnx', '--out', 'model.onnx', '--backend', 'cpu', '--json'];
    const { difference, metadata } = JSON.parse((await dr2net('export', ...args)).stdout);
    expect(difference.relative).toBeLessThan(1e-5);
    expect(metadata).toMatchObject({ 'dr2net.alpha': '0.4', 'dr2net.classes': '["cat","dog"]' });
  });

  test('writes weights with a program for PyTorch', async () => {
    const { stdout } = await dr2net('export', '--model', 'model', '--format', 'safetensors', '--out', 'weights');
    expect(stdout).toContain('at α = 0.4, β = 0.7');
    expect(readFileSync(join(project, 'weights/README.md'), 'utf8')).toContain('import torch');
  });
});
