/** What `gradcheck --input --save` writes, against independent float64 results; and that it tells a good method from a bad one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectScaledClose, type ReferenceTensor, readReference, sharedPath, testBackends } from '@dr2net/testing';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const cases = ['vit-hf', 'vit-timm', 'deit-distilled-timm', 'dinov2-hf', 'videomae', 'videomae-first-token'];
const passes = [
  { variant: 'conventional', options: ['--method', 'conventional', '--alpha', '1', '--beta', '0'] },
  { variant: 'dr2net-a0.5-b0.6', options: ['--method', 'reversible', '--alpha', '0.5', '--beta', '0.6'] },
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dr2net-gradcheck-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function scaleOf(tensors: Iterable<[string, ReferenceTensor]>): number {
  let scale = 0;
  for (const [key, { data }] of tensors)
    if (key.includes('/grad/')) for (let i = 0; i < data.length; i++) scale = Math.max(scale, Math.abs(data[i]!));
  return scale;
}

describe.each(cases)('%s', (name) => {
  const model = sharedPath(`reference/${name}`);
  describe.skipIf(!model)('against the reference', () => {
    it.each(passes)('$variant: every tensor of the file', async ({ variant, options }) => {
      const input = join(model!, 'expected.safetensors');
      const save = join(folder, `${name}-${variant}.safetensors`);
      const { code, json, stderr } = await run(
        'gradcheck',
        '--model',
        model!,
        ...options,
        '--backend',
        'wasm',
        '--input',
        input,
        '--save',
        save,
        '--json',
      );
      expect(code, stderr).toBe(0);
      expect(json).toMatchObject({ passed: true, backend: 'wasm' });

      const saved = readReference(save);
      const expected = [...readReference(input)].filter(([key]) => key.startsWith(`${variant}/`));
      const networkScale = scaleOf(expected);
      let compared = 0;
      for (const [key, value] of expected) {
        const own = key.slice(variant.length + 1);
        const actual = saved.get(own);
        if (!actual && !own.startsWith('grad/') && !['logits', 'loss', 'x_n', 'x_n_minus_1'].includes(own)) continue;
        if (!actual) throw new Error(`${own} is not in the saved file`);
        const tolerance =
          own === 'loss'
            ? { rtol: 0, atol: 1e-5 }
            : !own.startsWith('grad/')
              ? { rtol: 2e-5, atol: 0 }
              : own.endsWith('key.bias')
                ? { rtol: 0, atol: 1e-6 * networkScale }
                : { rtol: 1e-4, atol: 0 };
        await expectScaledClose(actual, value, tolerance, `${name}, ${key}`);
        compared++;
      }
      expect(compared).toBeGreaterThan(30);
      expect([...saved.keys()].filter((key) => key.startsWith('grad/')).length).toBe(
        expected.filter(([key]) => key.startsWith(`${variant}/grad/`)).length,
      );
    });
  });
});

const backends = await testBackends(['wasm', 'node', 'webgpu']);
const model = sharedPath('reference/vit-hf');
describe.skipIf(!model)('the verdict', () => {
  const check = (...options: string[]) =>
    run('gradcheck', '--model', model!, '--backend', 'wasm', '--json', ...options);

  describe.each(backends)('on $name', ({ name, available }) => {
    it.skipIf(!available)('the default, exact at (63/64, 1/64), passes', async () => {
      const { code, json, stderr } = await run('gradcheck', '--model', model!, '--backend', name, '--json');
      expect(code, stderr).toBe(0);
      expect(json).toMatchObject({ method: 'exact', alpha: 63 / 64, beta: 1 / 64, identical: true, passed: true });
      expect(json.worst).toMatchObject({ parameter: expect.stringContaining('.') });
    });
  });

  it('reversible at (1, 0.01) without anchors does not, and the parameter is named', async () => {
    const { code, json, stderr } = await check(
      '--method',
      'reversible',
      '--alpha',
      '1',
      '--beta',
      '0.01',
      '--anchors',
      '0',
    );
    expect(code).toBe(1);
    expect(json).toMatchObject({ passed: false, error: { name: 'CheckError', exitCode: 1 } });
    expect(stderr).toMatch(/worst relative gradient error .* in vit\..*--anchors/);
  });

  it('frozen gives the head gradients only', async () => {
    const { code, json } = await check('--method', 'frozen');
    expect(code).toBe(0);
    expect(json.compared).toBe(2);
    expect(json.withoutGradient).toContain('input.pixel_values');
  });

  it('leaves no tensor behind', async () => {
    await check();
    const before = memory().numTensors;
    await check();
    await check('--input', join(model!, 'config.json'));
    expect(memory().numTensors).toBe(before);
  });
});
