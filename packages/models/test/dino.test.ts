/** Deformable DETR and DINO: new ones, files, methods on the recurrence, what is not kept, what leaks, and what is refused. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Coefficients, Method } from '@dr2net/core';
import { inference, type Parameter, type Sink, trainingContext } from '@dr2net/ops';
import { expectIdentical, expectNoLeak, expectScaledClose, readReference, testBackends } from '@dr2net/testing';
import { dispose, ones, randomUniform, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  applyDino,
  createDino,
  createSwin,
  type DinoDetector,
  type DinoInput,
  type DinoRunOptions,
  dinoConfig,
  isDinoConfig,
  loadDino,
  saveDino,
  traceDino,
  withNewDinoClasses,
} from '../src/index.ts';
import { denoising, expected, inputOf, modelFolder, padded, pixels, stepOf } from './dino-cases.ts';

const [backend] = await testBackends();
const root = mkdtempSync(join(tmpdir(), 'dr2net-dino-'));
beforeAll(() => backend?.start());
afterAll(() => rmSync(root, { recursive: true }));

const conventional: DinoRunOptions = {
  coefficients: { alpha: 1, beta: 0 },
  method: { name: 'conventional' },
  context: inference,
};

const swin = {
  model_type: 'swin',
  embed_dim: 8,
  depths: [1, 1],
  num_heads: [1, 2],
  window_size: 3,
  image_size: 32,
  drop_path_rate: 0,
};
const small = {
  ...{ classes: ['cell', 'platelet'], backbone: swin, features: [0, 1], width: 32, queries: 6 },
  ...{ encoderLayers: 1, decoderLayers: 2, heads: 2, points: 2, hidden: 16 },
} as const;

const valuesOf = async (detector: DinoDetector, name: string) => {
  const parameter = detector.parameters.find((own) => own.name === name);
  if (!parameter) throw new Error(`There is no parameter ${name}.`);
  return (await parameter.variable.data()) as Float32Array;
};

describe('a new detector', () => {
  it('begins as published: rare classes, boxes as proposed, attention in rings', () =>
    expectNoLeak(async () => {
      const detector = await createDino(dinoConfig(small), 1);
      expect(isDinoConfig(detector.config)).toBe(true);
      expect(detector.fresh).toBe(true);
      expect(detector.runs).toEqual([2, 2, 2, 3, 3]);
      for (const bias of await valuesOf(detector, 'heads.0.class.bias')) expect(bias).toBeCloseTo(-Math.log(99), 5);
      for (const name of ['heads.0.box.2.weight', 'encoder.0.attention.offsets.weight'])
        expect((await valuesOf(detector, name)).every((value) => value === 0)).toBe(true);
      // Two heads look left and right; each of two points a step further on each of three levels.
      expect([...(await valuesOf(detector, 'decoder.1.cross.offsets.bias'))].map(Math.round)).toEqual([
        ...[1, 0, 2, 0, 1, 0, 2, 0, 1, 0, 2, 0],
        ...[-1, 0, -2, 0, -1, 0, -2, 0, -1, 0, -2, 0],
      ]);
      const queryKey = await valuesOf(detector, 'decoder.0.self.queryKey.weight');
      const bound = Math.sqrt(6 / (32 + 64));
      expect(Math.max(...queryKey)).toBeGreaterThan(0.9 * bound);
      expect(Math.max(...queryKey.map(Math.abs))).toBeLessThanOrEqual(bound);
      const levels = await valuesOf(detector, 'levels.embedding');
      const variance = levels.reduce((sum, value) => sum + value ** 2, 0) / levels.length;
      expect(Math.abs(variance - 1)).toBeLessThan(0.4);
      // So the boxes of all layers are those of the proposals.
      const own = pixels();
      const { layers, proposals, pullback } = await traceDino(detector, { pixels: own }, conventional);
      for (const layer of layers)
        await expectScaledClose(layer.boxes, proposals!.boxes, { rtol: 1e-5, atol: 0 }, 'boxes');
      pullback.dispose();
      dispose([own, ...layers, proposals!] as never);
      detector.dispose();
    }));

  it('is the same for the same seed, and has the Swin that was given', () =>
    expectNoLeak(async () => {
      const blocks = createSwin(swin, 5, { features: [0, 1] });
      const config = dinoConfig({ ...small, backbone: blocks });
      const made = [await createDino(config, 7, { blocks }), await createDino(config, 7, { blocks })] as const;
      const other = await createDino(config, 8);
      for (const [i, { variable, name }] of made[0].parameters.entries())
        await expectIdentical(made[1].parameters[i]!.variable, variable, name);
      const own = new Map(made[0].parameters.map((parameter) => [parameter.name, parameter]));
      for (const { name, variable } of blocks.parameters)
        if (!name.startsWith('norm.')) await expectIdentical(own.get(`backbone.${name}`)!.variable, variable, name);
      expect(await valuesOf(other, 'backbone.stem.patch.weight')).not.toEqual(
        await valuesOf(made[0], 'backbone.stem.patch.weight'),
      );
      const last = detectorLayers(made[0]);
      expect(last).toEqual([0, 1, 2, 3]);
      expect(made[0].parameters.filter((parameter) => made[0].isBackbone(parameter)).length).toBe(
        blocks.parameters.length - 2,
      );
      for (const each of [blocks, ...made, other]) each.dispose();
    }));

  const detectorLayers = (detector: DinoDetector) =>
    [...new Set(detector.parameters.map((parameter) => detector.layerOf(parameter)))].sort();

  it('of the published kind, without proposals, too', () =>
    expectNoLeak(async () => {
      const config = { ...dinoConfig({ ...small, improved: false }), two_stage: false };
      const detector = await createDino(config, 1);
      expect([...(await valuesOf(detector, 'heads.0.box.2.bias'))]).toEqual([0, 0, -2, -2]);
      expect([...(await valuesOf(detector, 'heads.1.box.2.bias'))]).toEqual([0, 0, 0, 0]);
      const own = pixels();
      const found = await applyDino(detector, { pixels: own }, conventional);
      expect(found.logits.shape).toEqual([2, 6, 2]);
      dispose([own, found] as never);
      detector.dispose();
    }));
});

describe('files', () => {
  it('come back bit for bit, with what was said of the training', () =>
    expectNoLeak(async () => {
      const from = modelFolder(root, 'dino');
      const detector = await loadDino(from);
      const training = { coefficients: { alpha: 0.4, beta: 0.7 }, method: { name: 'exact' }, read: 'last' } as const;
      const to = join(root, 'same');
      await saveDino(to, detector, { training, labels: ['a', 'b', 'c'] });
      const [before, after] = [from, to].map((path) => readReference(join(path, 'model.safetensors')));
      const known = new Map([...before!].map(([key, value]) => [key.replace('model.decoder.', ''), value]));
      const keys = [...expected.keys()].flatMap((key) => (key.startsWith('dino/grad/') ? [key.slice(10)] : []));
      expect([...after!.keys()].sort()).toEqual(keys.sort());
      for (const [key, { data }] of after!)
        expect(Array.from(data), key).toEqual(Array.from(known.get(key.replace('model.decoder.', ''))!.data));
      const again = await loadDino(to);
      expect(again.training).toEqual(training);
      expect(again.unused).toEqual([]);
      expect(again.config.id2label).toEqual({ 0: 'a', 1: 'b', 2: 'c' });
      for (const [i, { variable, name }] of detector.parameters.entries())
        await expectIdentical(again.parameters[i]!.variable, variable, name);
      await saveDino(join(root, 'twice'), again);
      const file = (name: string) => readFileSync(join(root, name, 'model.safetensors'));
      expect(file('twice').equals(file('same'))).toBe(true);
      detector.dispose();
      again.dispose();
    }));

  it('take other classes: only what tells classes is new', () =>
    expectNoLeak(async () => {
      const before = await loadDino(modelFolder(root, 'dino'));
      const kept = new Map<string, Float32Array>();
      for (const { name, variable } of before.parameters) kept.set(name, (await variable.data()) as Float32Array);
      const after = withNewDinoClasses(before, ['one', 'two', 'three', 'four', 'five'], 3);
      const changed: string[] = [];
      for (const { name, variable } of after.parameters)
        if (String(await variable.data()) !== String(kept.get(name))) changed.push(name);
      expect(changed).toEqual([
        'queries.labels',
        'heads.0.class.weight',
        'heads.0.class.bias',
        'heads.2.class.weight',
        'heads.2.class.bias',
      ]);
      const own = pixels();
      const found = await applyDino(after, { pixels: own }, conventional);
      expect(found.logits.shape).toEqual([2, 5, 5]);
      dispose([own, found] as never);
      after.dispose();
    }));
});

describe('on the recurrence', () => {
  const cases: [Coefficients, Method][] = [
    [
      { alpha: 1, beta: 0.1 },
      { name: 'checkpoint', every: 2 },
    ],
    [
      { alpha: 1, beta: 0.1 },
      { name: 'exact', verify: true },
    ],
    [
      { alpha: 63 / 64, beta: 1 / 64 },
      { name: 'exact', verify: true },
    ],
    [{ alpha: 0.5, beta: 0.5 }, { name: 'reversible' }],
    [{ alpha: 0, beta: 1 }, { name: 'reversible' }],
    [
      { alpha: 0, beta: 1 },
      { name: 'exact', verify: true },
    ],
    [{ alpha: 1, beta: -0.5 }, { name: 'reversible' }],
  ];
  test.each(cases)('%o by %o: the gradients of the conventional method', (coefficients, method) =>
    expectNoLeak(async () => {
      for (const config of ['dino', 'refine']) {
        const detector = await loadDino(modelFolder(root, config));
        // What `exact` has on its grid is what the conventional method is compared at.
        const bits = 2 ** 15;
        const own =
          method.name === 'exact'
            ? { alpha: Math.round(coefficients.alpha * bits) / bits, beta: Math.round(coefficients.beta * bits) / bits }
            : coefficients;
        const wanted = await stepOf(detector, config, { coefficients: own, method: { name: 'conventional' } });
        const found = await stepOf(detector, config, { coefficients: own, method });
        expect([...found.found.keys()].sort()).toEqual([...wanted.found.keys()].sort());
        const scales = await Promise.all([...wanted.found.values()].map(async (each) => largest(await each.data())));
        const all = Math.max(...scales);
        for (const [key, gradient] of found.found)
          await expectScaledClose(gradient, wanted.found.get(key)!, { rtol: 5e-4, atol: 1e-6 * all }, key);
        wanted.dispose();
        found.dispose();
        detector.dispose();
      }
    }),
  );

  const largest = (values: ArrayLike<number>) =>
    Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

  test('applied, keeping nothing: what the trace gives, last', () =>
    expectNoLeak(async () => {
      for (const config of ['plain', 'refine', 'two-stage', 'dino']) {
        const detector = await loadDino(modelFolder(root, config));
        const own = pixels();
        const { denoising: _, ...input } = inputOf(config, own);
        const options = { ...conventional, coefficients: { alpha: 0.5, beta: 0.6 } };
        const applied = await applyDino(detector, input, options);
        const { layers, proposals, pullback } = await traceDino(detector, input, options);
        for (const kind of ['logits', 'boxes'] as const)
          await expectScaledClose(applied[kind], layers.at(-1)![kind], { rtol: 1e-6, atol: 0 }, kind);
        pullback.dispose();
        dispose([own, applied, ...layers, ...(proposals ? [proposals] : [])] as never);
        detector.dispose();
      }
    }));

  test('matching queries do not see noised objects', () =>
    expectNoLeak(async () => {
      const detector = await loadDino(modelFolder(root, 'dino'));
      const own = pixels();
      const [alone, beside] = [
        await traceDino(detector, { pixels: own, valid: padded }, conventional),
        await traceDino(detector, { pixels: own, valid: padded, denoising }, conventional),
      ];
      for (const [i, { logits }] of alone.layers.entries()) {
        const both = (await beside.layers[i]!.logits.data()) as Float32Array;
        const matching = [0, 1].flatMap((image) => [...both.subarray((image * 9 + 4) * 3, (image + 1) * 9 * 3)]);
        await expectScaledClose(logits, { shape: logits.shape, data: matching }, { rtol: 1e-5, atol: 0 }, `layer ${i}`);
      }
      for (const { layers, proposals, pullback } of [alone, beside]) {
        pullback.dispose();
        dispose([...layers, proposals!] as never);
      }
      own.dispose();
      detector.dispose();
    }));
});

test('frozen, all behind the backbone learns, and nothing of the backbone', () =>
  expectNoLeak(async () => {
    const detector = await loadDino(modelFolder(root, 'dino'));
    const frozen = await stepOf(detector, 'dino', { coefficients: { alpha: 1, beta: 0 }, method: { name: 'frozen' } });
    const whole = await stepOf(detector, 'dino', {
      coefficients: { alpha: 1, beta: 0 },
      method: { name: 'conventional' },
    });
    const behind = [...whole.found.keys()].filter((key) => !key.includes('.backbone.'));
    expect([...frozen.found.keys()].sort()).toEqual(behind.sort());
    expect(behind.length).toBeGreaterThan(90);
    frozen.dispose();
    whole.dispose();
    detector.dispose();
  }));

test('dropout: the masks of the forward pass are those of the rebuild', () =>
  expectNoLeak(async () => {
    const detector = await createDino(dinoConfig({ ...small, dropout: 0.3 }), 3);
    const own = pixels();
    const found: Map<string, Tensor>[] = [];
    for (const method of [{ name: 'conventional' }, { name: 'exact', verify: true }] as const) {
      const options = { coefficients: { alpha: 0.5, beta: 0.5 }, method, context: trainingContext(4) };
      const traced = await traceDino(detector, { pixels: own }, options);
      const gradients = new Map<string, Tensor>();
      traced.pullback(traced, ({ name }, gradient) => gradients.set(name, gradient));
      for (const report of traced.reports) await report.check();
      found.push(gradients);
      dispose([...traced.layers, traced.proposals!] as never);
    }
    for (const [name, gradient] of found[1]!)
      await expectScaledClose(gradient, found[0]!.get(name)!, { rtol: 1e-3, atol: 1e-4 }, name);
    dispose([own, ...found.flatMap((each) => [...each.values()])]);
    detector.dispose();
  }));

describe('leaks', () => {
  test.each(['plain', 'refine', 'two-stage', 'dino'])('%s: a sink that fails, at any parameter', (config) =>
    expectNoLeak(async () => {
      const detector = await loadDino(modelFolder(root, config));
      const own = pixels();
      for (const method of [{ name: 'conventional' }, { name: 'reversible' }] as const) {
        const options = { ...conventional, method, coefficients: { alpha: 0.5, beta: 0.5 } };
        for (const failing of detector.parameters.filter((_, i) => i % 23 === 0))
          await expectNoLeak(async () => {
            const { layers, proposals, pullback } = await traceDino(detector, inputOf(config, own), options);
            const sink: Sink = (parameter: Parameter, gradient) => {
              gradient.dispose();
              if (parameter === failing) throw new Error('a sink that fails');
            };
            expect(() => pullback({ layers, proposals }, sink), failing.name).toThrow('a sink that fails');
            expect(() => pullback({ layers, proposals }, sink)).toThrow(/already run/);
            dispose([...layers, ...(proposals ? [proposals] : [])] as never);
          });
      }
      own.dispose();
      detector.dispose();
    }),
  );

  test('a pass that fails on its way', () =>
    expectNoLeak(async () => {
      const detector = await loadDino(modelFolder(root, 'dino'));
      const own = pixels();
      const broken = ['proposals.transform.weight', 'decoder.1.cross.offsets.weight', 'heads.0.class.weight'];
      for (const name of broken) {
        const parameter = detector.parameters.find((each) => each.name === name)!;
        const shape = parameter.shape;
        const variable = parameter.variable as { shape: number[] };
        variable.shape = [3, 3];
        await expectNoLeak(() => expect(traceDino(detector, { pixels: own }, conventional)).rejects.toThrow());
        await expectNoLeak(() => expect(applyDino(detector, { pixels: own }, conventional)).rejects.toThrow());
        variable.shape = [...shape];
      }
      const { layers, proposals, pullback } = await traceDino(detector, { pixels: own }, conventional);
      expect(() => pullback({ layers: [layers[0]!], proposals }, () => {})).toThrow(
        '1 gradients were given for 2 layers',
      );
      dispose([...layers, proposals!] as never);
      own.dispose();
      detector.dispose();
    }));
});

describe('what is refused, with the remedy', () => {
  const config = dinoConfig(small);
  const refusals: [string, Record<string, unknown>, RegExp][] = [
    ['d_model', { d_model: 48 }, /d_model is 48; it must be a multiple of 32/],
    ['heads', { decoder_attention_heads: 5 }, /decoder_attention_heads is 5, which does not divide d_model 32/],
    ['levels', { num_feature_levels: 1 }, /num_feature_levels is 1, and .* names 2 maps; take as many/],
    ['out_features', { backbone_config: { ...swin, out_features: ['last'] } }, /out_features is \["last"\]; .*stage2/],
    ['a backbone', { backbone_config: { model_type: 'resnet', out_features: ['stage1'] } }, /resnet is no Swin/],
    ['positions', { position_embedding_type: 'learned' }, /position_embedding_type is "learned"; .* set it to "sine"/],
    ['activation', { activation_function: 'gelu' }, /activation_function is "gelu"; only relu/],
    ['two stages alone', { with_box_refine: false }, /two_stage is true, which needs with_box_refine/],
    ['mixed alone', { box_query_positions: false }, /mixed_query_selection is true, which needs box_query_positions/],
    ['a type', { model_type: 'detr' }, /model_type is "detr"; it must be deformable_detr/],
  ];
  test.each(refusals)('%s', (_, change, message) =>
    expectNoLeak(() => expect(createDino({ ...config, ...change }, 1)).rejects.toThrow(message)),
  );

  test('a Swin of other numbers', () =>
    expectNoLeak(async () => {
      const blocks = createSwin({ ...swin, depths: [1, 2] }, 1);
      await expect(createDino(config, 1, { blocks })).rejects.toThrow(
        /depth of the stages \[1,1\], the Swin has \[1,2\]/,
      );
      blocks.dispose();
    }));

  test('pictures, padding and denoising queries that do not fit', () =>
    expectNoLeak(async () => {
      const detector = await createDino(config, 1);
      const own = zeros([1, 16, 16, 3]) as Tensor;
      const refuse = (input: Partial<DinoInput>, message: RegExp) =>
        expectNoLeak(() =>
          expect(traceDino(detector, { pixels: own, ...input }, conventional)).rejects.toThrow(message),
        );
      const odd = ones([1, 18, 16, 3]) as Tensor;
      const tiny = ones([1, 4, 4, 3]) as Tensor;
      const wrong = randomUniform([1, 16, 16, 1]) as Tensor;
      const queries = { count: 2, groups: 2, labels: Int32Array.of(0, 1), boxes: new Float32Array(8).fill(0.3) };
      await refuse({ pixels: odd }, /18 × 16 pixels do not fit: both sides must be multiples of the patch size 4/);
      await refuse({ pixels: tiny }, /3 cells, which are not enough for 6 queries/);
      await refuse({ pixels: wrong }, /\[batch, height, width, 3\] is needed/);
      await refuse({ valid: [[17, 16]] }, /Image 0 of the batch: valid is 17 × 16 pixels, the batch has 16 × 16/);
      await refuse({ valid: [] }, /valid has 0 sizes for a batch of 1/);
      await refuse({ denoising: { ...queries, groups: 3 } }, /2 queries are no whole number .* 3 groups/);
      await refuse({ denoising: { ...queries, count: 3, groups: 1 } }, /1 images of 3 queries need 3 and 12/);
      await refuse({ denoising: { ...queries, labels: Int32Array.of(0, 2) } }, /label 2 of query 1 is none of the 2/);
      detector.dispose();
      const without = await createDino(dinoConfig({ ...small, improved: false }), 1);
      await expect(traceDino(without, { pixels: own, denoising: queries }, conventional)).rejects.toThrow(
        /set denoising_queries to true/,
      );
      without.dispose();
      dispose([own, odd, tiny, wrong]);
    }));
});
