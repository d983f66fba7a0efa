/** YOLOS against float64 (yolos-reference/make.py): classes, boxes and every gradient, by every method; and files, and what is refused. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Coefficients, Method } from '@dr2net/core';
import { inference, type Parameter, type Sink } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, readReference, testBackends, toTensor } from '@dr2net/testing';
import { dispose, memory, ones, type Tensor, transpose, zerosLike } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  applyYolos,
  createBackbone,
  createYolos,
  loadYolos,
  saveYolos,
  traceYolos,
  withNewClasses,
  type YolosDetector,
  yolosConfig,
} from '../src/index.ts';
import { reference } from './cases.ts';

const folder = fileURLToPath(new URL('./yolos-reference', import.meta.url));
const expected = readReference(join(folder, 'expected.safetensors'));
const forward = { rtol: 2e-5, atol: 0 };
const backward = { rtol: 1e-4, atol: 0 };

/** [B, C, H, W] there, [B, H, W, C] here. */
function pixelsOf(name: string): Tensor {
  const there = toTensor(reference(expected, name));
  const here = transpose(there, [0, 2, 3, 1]);
  there.dispose();
  return here;
}

const variants: readonly { name: string; coefficients: Coefficients }[] = [
  { name: 'conventional', coefficients: { alpha: 1, beta: 0 } },
  { name: 'dr2net-a0.5-b0.6', coefficients: { alpha: 0.5, beta: 0.6 } },
];
/** WebGPU cannot read the range of the states while a run is traced. */
const methodsOf = ({ beta }: Coefficients, fractionBits: number | 'auto'): Method[] => [
  { name: 'conventional' },
  { name: 'checkpoint' },
  ...(beta > 0 ? ([{ name: 'reversible' }, { name: 'exact', verify: true, fractionBits }] as const) : []),
];

async function compare(model: YolosDetector, variant: string, options: { coefficients: Coefficients; method: Method }) {
  const found = new Map<string, Tensor>();
  const sink: Sink = (parameter, gradient) => {
    for (const { key, tensor } of model.toCheckpoint(parameter, gradient)) found.set(key, tensor);
    gradient.dispose();
  };
  const pixels = pixelsOf('input.pixel_values');
  const { logits, boxes, pullback, report } = traceYolos(model, pixels, { ...options, context: inference });
  await expectScaledClose(logits, reference(expected, `${variant}/logits`), forward, 'logits');
  await expectScaledClose(boxes, reference(expected, `${variant}/boxes`), forward, 'boxes');
  const gradient = {
    logits: toTensor(reference(expected, 'cotangent/logits')),
    boxes: toTensor(reference(expected, 'cotangent/boxes')),
  };
  pullback(gradient, sink);
  await report.check();
  const prefix = `${variant}/grad/`;
  const wanted = [...expected].filter(([key]) => key.startsWith(prefix));
  expect(wanted.length).toBeGreaterThan(60);
  let compared = 0;
  for (const [key, value] of wanted) {
    const name = key.slice(prefix.length);
    // The bias of a key projection has a true gradient of 0.
    const tolerance = name.endsWith('key.bias') ? { rtol: 0, atol: 2e-5 } : backward;
    const parts = [0, 1].flatMap((part) => found.get(`${name}[${part}]`) ?? []);
    for (const [part, tensor] of parts.entries()) {
      const [, ...shape] = value.shape;
      const size = tensor.size;
      const data = Float32Array.from(value.data).slice(part * size, (part + 1) * size);
      await expectScaledClose(tensor, { ...value, shape, data }, tolerance, `${name}[${part}]`);
    }
    compared += parts.length;
    if (parts.length > 0) continue;
    const actual = found.get(name);
    if (!actual) throw new Error(`No gradient of ${name}.`);
    await expectScaledClose(actual, value, tolerance, name);
    compared++;
  }
  expect(compared).toBe(found.size);
  dispose([pixels, logits, boxes, gradient.logits, gradient.boxes, ...found.values()]);
}

const backends = await testBackends();

describe.each(backends)('$name', ({ name: backend, available, start }) => {
  describe.skipIf(!available).each(variants)('$name', ({ name, coefficients }) => {
    let model: YolosDetector;
    let before: number;
    beforeAll(async () => {
      await start();
      before = memory().numTensors;
      model = await loadYolos(folder);
    });
    afterAll(() => {
      model.dispose();
      expect(memory().numTensors).toBe(before);
    });
    test.each(methodsOf(coefficients, backend === 'webgpu' ? 22 : 'auto'))('every gradient by $name', (method) =>
      expectNoLeak(() => compare(model, name, { coefficients, method })),
    );
    if (name !== 'conventional') return;
    it('gives with frozen the gradients of the two networks alone', () =>
      expectNoLeak(() => {
        const pixels = pixelsOf('input.pixel_values');
        const { logits, boxes, pullback } = traceYolos(model, pixels, {
          coefficients,
          method: { name: 'frozen' },
          context: inference,
        });
        const names: string[] = [];
        pullback({ logits, boxes }, ({ name: found }, gradient) => {
          names.push(found);
          gradient.dispose();
        });
        expect(names).toHaveLength(12);
        expect(names.every((found) => found.startsWith('head.'))).toBe(true);
        dispose([pixels, logits, boxes]);
      }));
  });
});

describe('files', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'dr2net-yolos-'));
  beforeAll(() => backends[0]?.start());
  afterAll(() => rmSync(temporary, { recursive: true }));
  const conventional = {
    coefficients: { alpha: 1, beta: 0 },
    method: { name: 'conventional' },
    context: inference,
  } as const;

  it('resamples all positions to another size, as the published network does', () =>
    expectNoLeak(async () => {
      const model = await loadYolos(folder, { size: [24, 40] });
      const pixels = pixelsOf('resized/input.pixel_values');
      const { logits, boxes } = applyYolos(model, pixels, conventional);
      await expectScaledClose(logits, reference(expected, 'resized/logits'), forward, 'logits');
      await expectScaledClose(boxes, reference(expected, 'resized/boxes'), forward, 'boxes');
      dispose([pixels, logits, boxes]);
      model.dispose();
    }));

  it('come back bit for bit, with what was said of the training', () =>
    expectNoLeak(async () => {
      const model = await loadYolos(folder);
      const training = {
        coefficients: { alpha: 0.4, beta: 0.7 },
        method: { name: 'reversible' },
        read: 'last',
      } as const;
      await saveYolos(join(temporary, 'same'), model, { training, labels: ['a', 'b', 'c'] });
      const read = (path: string) => readReference(join(path, 'model.safetensors'));
      const [before, after] = [read(folder), read(join(temporary, 'same'))];
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
      for (const [key, { data }] of before) expect(Array.from(after.get(key)!.data), key).toEqual(Array.from(data));
      const again = await loadYolos(join(temporary, 'same'));
      expect(again.training).toEqual(training);
      expect(again.unused).toEqual([]);
      model.dispose();
      again.dispose();
    }));

  it('takes other classes: only the last layer of the classifier is new, and it is saved and loaded', () =>
    expectNoLeak(async () => {
      const before = readReference(join(folder, 'model.safetensors'));
      const model = withNewClasses(await loadYolos(folder), ['one', 'two', 'three', 'four', 'five'], 3);
      expect(model.spec.classes).toBe(5);
      await saveYolos(join(temporary, 'other'), model);
      model.dispose();
      const again = await loadYolos(join(temporary, 'other'));
      expect(again.config.id2label).toEqual({ 0: 'one', 1: 'two', 2: 'three', 3: 'four', 4: 'five' });
      again.dispose();
      const after = readReference(join(temporary, 'other', 'model.safetensors'));
      expect(reference(after, 'class_labels_classifier.layers.2.weight').shape).toEqual([6, 16]);
      const changed = [...before].filter(([key, { data }]) => String(after.get(key)!.data) !== String(data));
      expect(changed.map(([key]) => key).sort()).toEqual([
        'class_labels_classifier.layers.2.bias',
        'class_labels_classifier.layers.2.weight',
      ]);
    }));

  it('keeps the first blocks and their positions', () =>
    expectNoLeak(async () => {
      const model = await loadYolos(folder, { depth: 2 });
      expect(model.modules.subBlocks).toHaveLength(4);
      expect(model.midPositions).toHaveLength(1);
      model.dispose();
    }));
});

describe('a new detector', () => {
  const image = {
    model_type: 'dinov2',
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    image_size: 28,
    patch_size: 14,
  };
  beforeAll(() => backends[0]?.start());

  it('starts as the vision transformer it is made of', () =>
    expectNoLeak(async () => {
      const blocks = createBackbone(image, 1);
      const config = yolosConfig(blocks, { classes: ['cell'], size: [28, 42], detectionTokens: 4 });
      const model = await createYolos(config, 2, { blocks });
      const byName = ({ parameters }: { readonly parameters: readonly Parameter[] }) =>
        new Map(parameters.map((parameter) => [parameter.name, parameter]));
      const [own, theirs] = [byName(model), byName(blocks)];
      for (const [name, { variable }] of theirs)
        if (name !== 'stem.position') expect(await own.get(name)?.variable.data(), name).toEqual(await variable.data());
      expect(own.get('stem.position')?.variable.shape).toEqual([1, 1 + 6 + 4, 16]);
      expect(model.fresh).toBe(true);
      blocks.dispose();
      model.dispose();
    }));

  it('begins with the boxes of its references, spread over the picture, at the positions of these places', () =>
    expectNoLeak(async () => {
      const blocks = createBackbone({ ...image, image_size: 56 }, 1);
      const config = yolosConfig(blocks, { classes: ['cell'], size: [56, 84], detectionTokens: 24 });
      const model = await createYolos(config, 2, { blocks });
      const pixels = ones([1, 56, 84, 3]);
      const { logits, boxes } = applyYolos(model, pixels, {
        ...{ context: inference, coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' }, read: 'last' },
      });
      const found = await boxes.array();
      // Four rows of six, each 1.5 cells wide and high.
      const at = (k: number) => (found as number[][][])[0]![k]!;
      for (const [k, box] of [
        [0, [1 / 12, 1 / 8, 1 / 4, 3 / 8]],
        [23, [11 / 12, 7 / 8, 1 / 4, 3 / 8]],
      ] as const)
        for (const [i, side] of box.entries()) expect(at(k)[i]).toBeCloseTo(side, 5);
      // The grid of references is the grid of patches here: token k stands where patch k does.
      const position = model.parameters.find(({ name }) => name === 'stem.position')!;
      const values = await position.variable.data();
      expect(values.subarray(25 * 16)).toEqual(values.subarray(16, 25 * 16));
      dispose([pixels, logits, boxes]);
      blocks.dispose();
      model.dispose();
    }));

  it('teaches its references', () =>
    expectNoLeak(async () => {
      const blocks = createBackbone(image, 1);
      const config = yolosConfig(blocks, { classes: ['cell'], size: [28, 42], detectionTokens: 3 });
      const model = await createYolos(config, 2, { blocks });
      const pixels = ones([2, 28, 42, 3]);
      const traced = traceYolos(model, pixels, {
        ...{ context: inference, coefficients: { alpha: 0.5, beta: 0.5 }, method: { name: 'exact' }, read: 'last' },
      });
      const gradient = { logits: zerosLike(traced.logits), boxes: ones([2, 3, 4]) };
      const gradients = new Map<string, Tensor>();
      traced.pullback(gradient, ({ name }, d) => void gradients.set(name, d));
      // Two equal pictures; d σ(x) / dx = σ(x)(1 − σ(x)).
      const found = await traced.boxes.data();
      const d = await gradients.get('head.reference')!.data();
      for (let k = 0; k < 12; k++) expect(d[k]).toBeCloseTo(2 * found[k]! * (1 - found[k]!), 5);
      dispose([pixels, traced.logits, traced.boxes, gradient.logits, gradient.boxes, ...gradients.values()]);
      blocks.dispose();
      model.dispose();
    }));

  it('what is beyond the last whole patch is not read, as by the published network', () =>
    expectNoLeak(async () => {
      const { id2label: _, label2id: __, ...config } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
      const model = await createYolos({ ...config, num_labels: 3, image_size: [23, 31] }, 1);
      expect(model.spec.input.size).toEqual([16, 24]);
      model.dispose();
    }));

  it.each([
    ['a ViT', { ...image, model_type: 'vit' }, 1],
    [
      'a DeiT with a distillation token',
      { architecture: 'deit_tiny_distilled_patch16_224', model_args: { depth: 2 } },
      2,
    ],
  ] as const)('is made of %s too, with its class token, patches and blocks', (_, own, prefix) =>
    expectNoLeak(async () => {
      const blocks = createBackbone(own, 1);
      const config = yolosConfig(blocks, { classes: ['cell'], detectionTokens: 2 });
      const model = await createYolos(config, 2, { blocks });
      const byName = new Map(model.parameters.map((parameter) => [parameter.name, parameter]));
      const tokens = 1 + (blocks.spec.input.size / blocks.spec.patch) ** 2;
      const theirs = blocks.parameters.find(({ name }) => name === 'stem.position')!;
      const [found, before] = [await byName.get('stem.position')!.variable.data(), await theirs.variable.data()];
      const { width } = blocks.spec;
      expect(blocks.spec.prefix.length).toBe(prefix);
      expect(found.subarray(0, width)).toEqual(before.subarray(0, width));
      expect(found.subarray(width, tokens * width)).toEqual(before.subarray(prefix * width));
      for (const name of ['stem.patch.weight', 'stem.class', 'blocks.1.mlp.expand.weight', 'norm.gain'])
        expect(await byName.get(name)!.variable.data(), name).toEqual(
          await blocks.parameters.find((parameter) => parameter.name === name)!.variable.data(),
        );
      blocks.dispose();
      model.dispose();
    }),
  );

  it('refuses what does not fit, with the remedy', () =>
    expectNoLeak(async () => {
      const blocks = createBackbone(image, 1);
      const config = yolosConfig(blocks, { classes: ['cell'] });
      const refused = (change: object, more: object = {}) =>
        createYolos({ ...config, ...change }, 2, { blocks, ...more });
      await expect(refused({ hidden_size: 32 })).rejects.toThrow(/width 32, the dinov2 has 16/);
      await expect(refused({}, { size: [28, 40] })).rejects.toThrow(/width must be a multiple of .* 14; .* 28 and 42/);
      await expect(refused({ num_hidden_layers: 3 })).rejects.toThrow(/3 blocks; the dinov2 has 2/);
      await expect(refused({ image_size: [28] })).rejects.toThrow(/height and width are needed/);
      expect(() => yolosConfig(blocks, { classes: ['cell'], size: [28, 40] })).toThrow(/size 28×40 does not fit/);
      await expect(refused({ model_type: 'vit' })).rejects.toThrow(/model_type is "vit"; it must be yolos/);
      await expect(loadYolos(folder, { depth: 4 })).rejects.toThrow(/choose 1 … 3/);
      blocks.dispose();
    }));
});
