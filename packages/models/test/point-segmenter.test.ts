/** Segmenters that are saved, made new, and refused. */
import '@tensorflow/tfjs-backend-cpu';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Method } from '@dr2net/core';
import { type Context, discard, inference, trainingContext } from '@dr2net/ops';
import { expectIdentical, expectNoLeak, expectScaledClose } from '@dr2net/testing';
import {
  concat,
  dispose,
  mean,
  memory,
  mul,
  randomNormal,
  setBackend,
  slice,
  sqrt,
  square,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { ConfigReader } from '../src/architectures/config.ts';
import {
  applySegmenter,
  createBackbone,
  createSegmenter,
  loadSegmenter,
  type PointGeometry,
  type PointSegmenter,
  pointGeometry,
  readPointSpec,
  saveSegmenter,
  segmenterStates,
  traceSegmenter,
  withNewHead,
} from '../src/index.ts';
import { referenceCase } from './cases.ts';
import { temporaryFolder } from './fixtures.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const config = (encoder: object = {}, decoder: object = {}, head: object = {}) => ({
  model: {
    NAME: 'BaseSeg',
    encoder_args: {
      NAME: 'PointViT',
      in_channels: 2,
      embed_dim: 12,
      depth: 2,
      num_heads: 2,
      qkv_bias: true,
      embed_args: { NAME: 'P3Embed', group: 'knn', group_size: 4, norm_args: { norm: 'ln2d' } },
      ...encoder,
    },
    decoder_args: { NAME: 'PointViTDecoder', global_feat: 'cls,max', progressive_input: true, ...decoder },
    cls_args: { NAME: 'SegHead', num_classes: 3, mlps: [8], norm_args: { norm: 'ln1d' }, ...head },
  },
});

const dinov2 = {
  model_type: 'dinov2',
  hidden_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  image_size: 8,
  patch_size: 4,
};

const cloud = (points: number) => Float32Array.from({ length: 3 * points }, (_, i) => Math.sin(12.9898 * (i + 1)));
const run = { coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' }, context: inference } as const;

/** Every tensor's name, type, shape and, of a count, value, by a look at the bytes; int64 must lie at a multiple of 8. */
function tensorsOf(path: string) {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, { dtype, shape, data_offsets: offsets }]) => {
      const at = start + offsets[0];
      if (dtype === 'I64') expect(at % 8, key).toBe(0);
      return [key, { dtype, shape, count: dtype === 'I64' ? bytes.readBigInt64LE(at) : undefined }] as const;
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('a segmenter', () => {
  const data = referenceCase('pointvit-p3embed');

  test.skipIf(!data)('saved has the names and bits that it was loaded from', async () => {
    const folder = temporaryFolder();
    const model = await loadSegmenter(data!.folder, { shift: 'branch' });
    const training = { coefficients: { alpha: 0.5, beta: 0.6 }, read: 'mean', method: { name: 'exact' } } as const;
    await saveSegmenter(folder, model, { training });
    const again = await loadSegmenter(folder);
    expect(again.training).toEqual(training);
    expect(again.spec).toEqual(model.spec);
    for (const [i, parameter] of model.parameters.entries())
      await expectIdentical(again.parameters[i]!.variable, parameter.variable, parameter.name);
    expect([model.unused, again.unused]).toEqual([[], []]);
    const [published, written] = [data!.folder, folder].map((place) => tensorsOf(join(place, 'model.safetensors')));
    expect(written).toEqual(published);
    expect(written!.filter(([, { dtype, count }]) => dtype === 'I64' && count === 17n).length).toBeGreaterThan(0);
    const saved = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    expect(saved.model).toEqual(model.config.model);
    for (const item of [model, again]) item.dispose();
  });

  test('that is new has counts of 0, with a new head too', async () => {
    const folder = temporaryFolder();
    const model = withNewHead(createSegmenter(config(), 2), 5, 1);
    await saveSegmenter(folder, model);
    const counts = tensorsOf(join(folder, 'model.safetensors')).filter(([, { dtype }]) => dtype === 'I64');
    expect(counts.map(([key, { shape, count }]) => [key, shape, count])).toEqual(
      ['0.0.convs.0', '0.0.convs.1', '1.0.convs.0', '1.0.convs.1'].map((layer) => [
        `decoder.decoder.${layer}.1.num_batches_tracked`,
        [],
        0n,
      ]),
    );
    const again = await loadSegmenter(folder);
    expect(again.unused).toEqual([]);
    for (const item of [model, again]) item.dispose();
  });

  test("takes an image model's blocks", async () => {
    const image = createBackbone(dinov2, 1);
    const before = memory().numTensors;
    expect(() => createSegmenter(config(), 2, { blocks: image })).toThrow('layerScale false');
    expect(memory().numTensors).toBe(before);
    const model = createSegmenter(config({ init_values: 1 }), 2, { blocks: image });
    const known = new Map(image.parameters.map((parameter) => [parameter.name, parameter]));
    const taken = model.parameters.filter(({ name }) => known.has(name));
    expect(taken.length).toBe(2 * 14 + 2);
    for (const parameter of taken)
      await expectIdentical(parameter.variable, known.get(parameter.name)!.variable, parameter.name);
    await expectIdentical(model.classToken.variable, known.get('stem.class')!.variable, 'class token');
    model.dispose();
    image.dispose();
  });

  test.each([{}, { NAME: 'PointPatchEmbed' }])('begins with tokens of the size that the blocks know, %j', (embed) =>
    expectNoLeak(async () => {
      const blocks = createBackbone({ ...dinov2, image_size: 16 }, 1);
      const token = blocks.parameters.find(({ name }) => name === 'stem.patch.weight')!;
      // Tokens of 25: nothing would come to it by itself.
      token.assign(mul(token.variable, 300));
      const embed_args = { ...config().model.encoder_args.embed_args, ...embed };
      const made = config({ init_values: 1, embed_args }, { progressive_input: embed_args.NAME === 'P3Embed' });
      const [own, other] = [{ blocks }, {}].map((given) => createSegmenter(made, 2, given));
      const geometry = pointGeometry(own!.spec, cloud(2 * 64), 2);
      const features = tensor(cloud(2 * 64).subarray(0, 2 * 2 * 64), [2, 64, 2]);
      const states = [own!, other!].map((model) => segmenterStates(model, features, geometry, run));
      const pixels = randomNormal([4, 16, 16, 3], 0, 1, 'float32', 1);
      const picture = blocks.stem.apply(pixels, inference);
      const size = async (x: Tensor) => {
        const value = tidy(() => sqrt(mean(square(slice(x, [0, 1, 0], [-1, -1, -1])))));
        const [found] = await value.data();
        value.dispose();
        return found!;
      };
      const [scaled, plain, wanted] = [await size(states[0]![0]!), await size(states[1]![0]!), await size(picture)];
      expect(plain).toBeLessThan(2);
      expect(scaled / plain).toBeGreaterThan(wanted / 2);
      expect(scaled / plain).toBeLessThan(wanted * 2);
      dispose([...states.flat(), features, pixels, picture]);
      for (const item of [own!, other!, blocks]) item.dispose();
    }),
  );

  test('gives the same bits with and without gradient', () =>
    expectNoLeak(async () => {
      const model = createSegmenter(config(), 3);
      const geometry = pointGeometry(model.spec, cloud(2 * 64), 2);
      const features = tensor(cloud(2 * 64).subarray(0, 2 * 2 * 64), [2, 64, 2]);
      const applied = applySegmenter(model, features, geometry, run);
      const { value, pullback } = traceSegmenter(model, features, geometry, run);
      pullback.dispose();
      await expectIdentical(value, applied, 'logits');
      for (const item of [model, features, applied, value]) item.dispose();
    }));

  test('leaves nothing behind when the sink fails, whichever gradient it is', () =>
    expectNoLeak(async () => {
      const model = createSegmenter(config(), 3);
      const geometry = pointGeometry(model.spec, cloud(64), 1);
      const features = tensor(cloud(64).subarray(0, 2 * 64), [1, 64, 2]);
      let [given, failed] = [0, 0];
      for (let failing = 0; failing <= given; failing++) {
        const { value, pullback } = traceSegmenter(model, features, geometry, { ...run, featureGradient: true });
        const before = memory().numTensors;
        given = 0;
        const act = () =>
          pullback(value, (_, gradient) => {
            gradient.dispose();
            if (given++ === failing) throw new Error('the sink failed');
          });
        try {
          act()?.dispose();
        } catch (error) {
          expect(error).toEqual(new Error('the sink failed'));
          failed++;
        }
        expect(memory().numTensors, `at gradient ${failing}`).toBeLessThan(before);
        value.dispose();
        expect(memory().numTensors, `at gradient ${failing}`).toBe(model.parameters.length + 1);
      }
      const trained = model.parameters.filter(({ trainable }) => trainable);
      expect(failed).toBe(trained.length);
      for (const item of [model, features]) item.dispose();
    }));

  /** Logits, and the gradient of the features for dLogits = logits². */
  function bothOf(model: PointSegmenter, geometry: PointGeometry, features: Tensor): Tensor[] {
    const { value, pullback } = traceSegmenter(model, features, geometry, { ...run, featureGradient: true });
    const dLogits = mul(value, value);
    const gradient = pullback(dLogits, discard)!;
    dLogits.dispose();
    return [value, gradient];
  }

  test.each(['', 'max', 'cls', 'max,cls'])('whose head reads [%s] is one that reads both by no weight', (of) =>
    expectNoLeak(async () => {
      const [some, both] = [of, 'cls,max'].map((names) => createSegmenter(config({}, { global_feat: names }), 3));
      const names = of.split(',').filter(Boolean);
      const weightOf = (model: PointSegmenter) => model.parameters.find(({ name }) => name === 'head.0.weight')!;
      const small = weightOf(some!).variable;
      const whole = tidy(() => {
        const part = (i: number) => (i < 0 ? zeros([12, 8]) : slice(small, [12 * i, 0], [12, 8]));
        return concat([part(names.indexOf('cls')), part(names.indexOf('max')), part(names.length)]);
      });
      weightOf(both!).assign(whole);
      const geometry = pointGeometry(both!.spec, cloud(2 * 64), 2);
      const features = tensor(cloud(2 * 64).subarray(0, 2 * 2 * 64), [2, 64, 2]);
      const [found, wanted] = [bothOf(some!, geometry, features), bothOf(both!, geometry, features)];
      for (const [i, what] of ['logits', 'gradient'].entries()) {
        const { shape } = wanted[i]!;
        const reference = { shape, data: wanted[i]!.dataSync() };
        await expectScaledClose(found[i]!, reference, { rtol: 1e-5, atol: 0 }, what);
      }
      for (const item of [some!, both!, features, ...found, ...wanted]) item.dispose();
    }),
  );

  test('keeps nothing below the decoder when it is frozen, and gives decoder and head alone gradients', () =>
    expectNoLeak(async () => {
      const model = createSegmenter(config(), 3);
      const geometry = pointGeometry(model.spec, cloud(64), 1);
      const features = tensor(cloud(64).subarray(0, 2 * 64), [1, 64, 2]);
      const keptBy = (method: Method) => {
        const before = memory().numTensors;
        const { value, pullback } = traceSegmenter(model, features, geometry, { ...run, method });
        const kept = memory().numTensors - before;
        const names = new Set<string>();
        const ofFeatures = pullback(value, (parameter, gradient) => {
          names.add(parameter.name.split('.')[0]!);
          gradient.dispose();
        });
        expect(ofFeatures).toBeNull();
        value.dispose();
        return { kept, names: [...names].sort() };
      };
      const frozen = keptBy({ name: 'frozen' });
      const conventional = keptBy({ name: 'conventional' });
      expect(frozen.names).toEqual(['decoder', 'head']);
      expect(conventional.names).toEqual(['blocks', 'class', 'decoder', 'embed', 'head', 'norm', 'position']);
      expect(frozen.kept).toBeLessThan(conventional.kept);
      for (const item of [model, features]) item.dispose();
    }));

  test("trains by the batch's statistics, and is applied by what they were on the way", () =>
    expectNoLeak(async () => {
      const model = createSegmenter(config(), 3);
      const geometry = pointGeometry(model.spec, cloud(64), 1);
      const features = tensor(cloud(64).subarray(0, 2 * 64), [1, 64, 2]);
      const mean = model.parameters.find(({ name }) => name === 'decoder.0.0.norm.mean')!;
      const largest = () => Math.max(...mean.variable.dataSync().map(Math.abs));
      const pass = (context: Context) => {
        const { value, pullback } = traceSegmenter(model, features, geometry, { ...run, context });
        pullback.dispose();
        value.dispose();
      };
      pass(inference);
      expect(largest()).toBe(0);
      pass(trainingContext(1));
      const after = largest();
      expect(after).toBeGreaterThan(0);
      model.statistics = 'running';
      pass(trainingContext(1));
      expect(largest()).toBe(after);
      for (const item of [model, features]) item.dispose();
    }));

  test('leaves nothing behind when it fails', () =>
    expectNoLeak(async () => {
      const model = createSegmenter(config(), 3);
      const geometry = pointGeometry(model.spec, cloud(64), 1);
      const features = zeros([1, 60, 2]);
      expect(() => traceSegmenter(model, features, geometry, run)).toThrow('the map takes 64 rows');
      for (const item of [model, features]) item.dispose();
    }));
});

const spec = (...parts: Parameters<typeof config>) => readPointSpec(new ConfigReader(config(...parts)));
const embed = { NAME: 'P3Embed', group: 'knn', norm_args: { norm: 'ln2d' } };
const large = { embed_args: { ...embed, group_size: 20 } };

test("what a configuration does not say is as in OpenPoints: one hidden layer of the head, the encoder's field", () => {
  const said = config({ global_feat: 'max' }, { global_feat: undefined }, { mlps: null });
  const { head, decoder } = readPointSpec(new ConfigReader(JSON.parse(JSON.stringify(said))));
  expect(decoder.globals).toEqual(['max']);
  expect(head.hidden).toEqual([12 * 2]);
});

test.each([
  ['a NaN', () => pointGeometry(spec(), cloud(64).fill(Number.NaN, 30, 31), 1), 'point 10: x is NaN'],
  ['too few points', () => pointGeometry(spec(), cloud(3), 1), '3 points leave no group'],
  [
    'fewer points than neighbours',
    () => pointGeometry(spec(large), cloud(16), 1),
    '16 points are fewer than the 20 of a group; give samples 80 points or more',
  ],
  [
    'fewer points than neighbours in the second stage',
    () => pointGeometry(spec(large), cloud(79), 1),
    '79 points leave 19 to stage 2 of the embedding, whose groups take 20; give samples 80 points or more',
  ],
  ['odd sizes', () => pointGeometry(spec(), cloud(65), 2), '195 numbers are no 2 clouds'],
  ['another shift', () => createSegmenter(config(), 1, { shift: 'once' }), 'shift is once'],
  ['random samples', () => spec({ embed_args: { subsample: 'random' } }), 'only farthest point'],
  ['dropout of the attention', () => spec({ attn_drop_rate: 0.1 }), 'attn_drop_rate is 0.1'],
  ['another activation', () => spec({ act_args: { act: 'relu' } }), 'act is "relu"; only gelu'],
  ['a norm that is not said', () => spec({ embed_args: { ...embed, norm_args: {} } }), 'norm is bn; only ln2d'],
  ['a scale of the stages', () => spec({ embed_args: { ...embed, scale: 2 } }), 'scale is 2'],
  ['widths of the embedding', () => spec({ embed_args: { ...embed, channels: [8] } }), 'channels is [8]'],
  ['a width that is odd', () => spec({ embed_dim: 11, num_heads: 1 }), 'embed_dim is 11; it must be a multiple of 2'],
  ['dropout of positions', () => spec({ add_pos_each_block: false, drop_rate: 0.1 }), 'drop_rate is 0.1'],
  ['a number of stages', () => spec({}, { n_decoder_stages: 3 }), 'n_decoder_stages is 3; P3Embed has 2'],
  ['random samples of the decoder', () => spec({}, { sampler: 'random' }), 'sampler is "random"'],
  ['global features of the head', () => spec({}, {}, { global_feat: 'max' }), 'global_feat is "max"'],
  ['a width of the head', () => spec({}, {}, { mlps: [8.5] }), 'mlps has 8.5'],
])('%s is refused', (_, act, message) => {
  expect(act).toThrow(message);
});
