/** Swins: saved and loaded, made new, their features and where their gradients flow, and maps of any size. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExactScale, type Method } from '@dr2net/core';
import { discard, type Parameter, type Sink, softTargets, trainingContext } from '@dr2net/ops';
import { expectIdentical, expectNoLeak, expectScaledClose, readReference, sharedPath } from '@dr2net/testing';
import { add, dispose, mul, randomUniform, setBackend, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  applyFeatures,
  createSwin,
  gradients,
  loadSwin,
  newHead,
  type SwinBackbone,
  saveBackbone,
  traceFeatures,
} from '../src/index.ts';
import { temporaryFolder } from './fixtures.ts';
import { conventional, tiny } from './swin-cases.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const root = temporaryFolder();
const newFolder = () => mkdtempSync(join(root, 'swin-'));
const readJson = (folder: string) => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));

describe.each(['swin-hf', 'swin-timm'])('%s', (name) => {
  const folder = sharedPath(`reference/${name}`);
  test.skipIf(!folder)('is saved as it was read, with head and buffers, and the same again', () =>
    expectNoLeak(async () => {
      const [first, second] = [newFolder(), newFolder()];
      for (const [from, to] of [
        [folder!, first],
        [first, second],
      ] as const) {
        const backbone = await loadSwin(from);
        await saveBackbone(to, backbone);
        backbone.dispose();
      }
      const file = (of: string) => readFileSync(join(of, 'model.safetensors'));
      const original = readReference(join(folder!, 'model.safetensors'));
      const saved = readReference(join(second, 'model.safetensors'));
      expect([...saved.keys()].sort()).toEqual([...original.keys()].sort());
      for (const [key, tensor] of original) await expectIdentical(saved.get(key)!, tensor, key);
      expect(file(second).equals(file(first))).toBe(true);
      expect(readJson(second)).toMatchObject(readJson(folder!));
    }),
  );
});

test('new ones are the same for the same seed, and are what was saved when they are loaded, with features, α and β', () =>
  expectNoLeak(async () => {
    const made = [7, 7, 8].map((seed) => createSwin(tiny, seed, { features: [0, 2], size: 32 }));
    const [a, b, c] = made as [SwinBackbone, SwinBackbone, SwinBackbone];
    for (const [i, { variable, name }] of a.parameters.entries())
      await expectIdentical(b.parameters[i]!.variable, variable, name);
    expect(c.parameters[0]!.variable.dataSync()).not.toEqual(a.parameters[0]!.variable.dataSync());
    a.parameters.find(({ name }) => name === 'features.2.norm.gain')!.assign(randomUniform([16], 1, 2, 'float32', 3));

    const folder = newFolder();
    const training = { coefficients: { alpha: 0.5, beta: 0.5 }, read: 'last', method: { name: 'exact' } } as const;
    await saveBackbone(folder, a, { training });
    const again = await loadSwin(folder, { features: [0, 2] });
    expect(again.training).toEqual(training);
    expect(again.input.size).toBe(32);
    expect(again.unused).toEqual([]);
    for (const [i, { variable, name }] of a.parameters.entries())
      await expectIdentical(again.parameters[i]!.variable, variable, name);
    // Of a checkpoint without norms of these features, they are new.
    const other = await loadSwin(folder, { features: [1] });
    const gain = other.parameters.find(({ name }) => name === 'features.1.norm.gain')!;
    expect([...gain.variable.dataSync()]).toEqual(new Array(8).fill(1));
    expect(other.unused).toContain('swin.hidden_states_norms.stage3.weight');
    for (const item of [...made, again, other]) item.dispose();
  }));

test('a size that was asked for is saved in the form of timm, too', () =>
  expectNoLeak(async () => {
    const config = {
      architecture: 'swin_tiny_patch4_window7_224',
      model_args: { embed_dim: 4, depths: [1, 1], num_heads: [1, 2], img_size: 32, window_size: 6 },
    };
    const made = createSwin(config, 1, { size: 64 });
    expect(made.spec.stages.map(({ window }) => window)).toEqual([6, 4]);
    const folder = newFolder();
    await saveBackbone(folder, made);
    const again = await loadSwin(folder);
    expect(again.input.size).toBe(64);
    expect(again.spec).toEqual(made.spec);
    made.dispose();
    again.dispose();
  }));

/** Σ aᵢ·bᵢ over all tensors. */
function dot(a: readonly Tensor[], b: readonly Tensor[]): number {
  const total = tidy(() => a.map((one, i) => sum(mul(one, b[i]!))).reduce((all, term) => add(all, term)));
  const [value] = total.dataSync();
  total.dispose();
  return value!;
}

const cotangentsOf = (maps: readonly Tensor[]) =>
  maps.map(({ shape }, i) => randomUniform(shape, -1, 1, 'float32', i + 5));

/** All parameters' gradients by name, and the pixels'. */
function featureGradients(
  backbone: SwinBackbone,
  pixels: Tensor,
  cotangents: readonly (Tensor | null)[],
  options = conventional,
) {
  const { maps, pullback, reports } = traceFeatures(backbone, pixels, { ...options, pixelGradient: true });
  const found = new Map<string, Tensor>();
  const sink: Sink = ({ name }, gradient) => {
    expect(found.has(name), `${name} arrives once`).toBe(false);
    found.set(name, gradient);
  };
  const dPixels = pullback(cotangents, sink);
  dispose(maps);
  return { found, dPixels, reports };
}

describe('features', () => {
  /** A map that windows of 3 do not fit: 10×7, then 5×4, then 3×2. */
  const pixelsOf = () => randomUniform([1, 20, 14, 3], -1, 1, 'float32', 1);
  /** Norms as they are in training: no longer the identity. */
  const make = () => {
    const backbone = createSwin(tiny, 3, { features: [0, 1, 2] });
    for (const [i, parameter] of backbone.parameters.entries())
      parameter.assign(randomUniform([...parameter.shape], -0.6, 0.6, 'float32', i + 1));
    return backbone;
  };

  test('are maps of every stage, traced as applied', () =>
    expectNoLeak(async () => {
      const [backbone, pixels] = [make(), pixelsOf()];
      const maps = applyFeatures(backbone, pixels, conventional);
      expect(maps.map(({ shape }) => shape)).toEqual([
        [1, 10, 7, 4],
        [1, 5, 4, 8],
        [1, 3, 2, 16],
      ]);
      const { maps: traced, pullback, reports } = traceFeatures(backbone, pixels, conventional);
      expect(reports.length).toBe(3);
      for (const [i, map] of maps.entries()) await expectScaledClose(traced[i]!, map, { rtol: 1e-6, atol: 0 }, `${i}`);
      pullback.dispose();
      expect(() => pullback([null, null, null], discard)).toThrow(/already run/);
      backbone.dispose();
      dispose([pixels, ...maps, ...traced]);
    }));

  test('gradients flow in at every stage: against differences along random directions', () =>
    expectNoLeak(() => {
      const [backbone, pixels] = [make(), pixelsOf()];
      const maps = applyFeatures(backbone, pixels, conventional);
      const cotangents = cotangentsOf(maps);
      dispose(maps);
      const { found, dPixels } = featureGradients(backbone, pixels, cotangents);
      dPixels!.dispose();
      const learning = backbone.parameters.filter(({ name }) => !name.startsWith('norm.'));
      expect([...found.keys()].sort()).toEqual(learning.map(({ name }) => name).sort());
      let compared = 0;
      const looked = learning.filter(({ name }) => /stem|merge|features|table|qkv.weight|contract.weight/.test(name));
      for (const [i, parameter] of looked.entries()) {
        const at = (step: number) => {
          const before = parameter.variable.clone();
          const direction = randomUniform([...parameter.shape], -1, 1, 'float32', 90 + i);
          parameter.assign(tidy(() => add(before, mul(direction, step))));
          const moved = applyFeatures(backbone, pixels, conventional);
          const loss = dot(moved, cotangents);
          const along = dot([direction], [found.get(parameter.name)!]);
          parameter.assign(before);
          dispose([direction, ...moved]);
          return { loss, along };
        };
        const h = 2e-3;
        const [up, down] = [at(h), at(-h)];
        const difference = (up.loss - down.loss) / (2 * h);
        expect(Math.abs(difference - up.along), parameter.name).toBeLessThan(0.02 * Math.abs(difference) + 0.02);
        if (Math.abs(difference) > 0.1) compared++;
      }
      expect(compared).toBeGreaterThan(20);
      backbone.dispose();
      dispose([pixels, ...cotangents, ...found.values()]);
    }));

  test('the gradient is the sum over stages, and a stage without one sends none down', () =>
    expectNoLeak(async () => {
      const [backbone, pixels] = [make(), pixelsOf()];
      const maps = applyFeatures(backbone, pixels, conventional);
      const cotangents = cotangentsOf(maps);
      dispose(maps);
      const whole = featureGradients(backbone, pixels, cotangents);
      const each = [0, 1, 2].map((s) =>
        featureGradients(
          backbone,
          pixels,
          cotangents.map((cotangent, i) => (i === s ? cotangent : null)),
        ),
      );
      expect([...each[0]!.found.keys()].every((name) => !name.startsWith('stages.1'))).toBe(true);
      expect([...each[1]!.found.keys()].every((name) => !name.startsWith('stages.2'))).toBe(true);
      for (const [name, gradient] of whole.found) {
        const parts = each.flatMap(({ found }) => found.get(name) ?? []);
        const total = tidy(() => parts.reduce((all, part) => add(all, part)));
        await expectScaledClose(total, gradient, { rtol: 1e-4, atol: 1e-6 }, name);
        if (parts.length > 1) total.dispose();
        else if (total !== parts[0]) total.dispose();
      }
      const none = featureGradients(backbone, pixels, [null, null, null]);
      expect(none.dPixels).toBeNull();
      expect(none.found.size).toBe(0);
      backbone.dispose();
      dispose([pixels, ...cotangents]);
      for (const { found, dPixels } of [whole, ...each]) dispose([dPixels!, ...found.values()]);
    }));

  test.each<Method>([{ name: 'checkpoint' }, { name: 'reversible' }, { name: 'exact', verify: true }])(
    'by $name as conventionally, on maps that windows do not fit',
    (method) =>
      expectNoLeak(async () => {
        const [backbone, pixels] = [make(), pixelsOf()];
        const maps = applyFeatures(backbone, pixels, conventional);
        const cotangents = cotangentsOf(maps);
        dispose(maps);
        const coefficients = { alpha: 0.5, beta: 0.5 };
        const expected = featureGradients(backbone, pixels, cotangents, { ...conventional, coefficients });
        const scales = new Map<number, ExactScale>();
        const scaleOf = (run: number) => {
          const scale = scales.get(run) ?? new ExactScale();
          scales.set(run, scale);
          return scale;
        };
        for (const chunks of [1, 4]) {
          const context = trainingContext(1, 0, { chunks });
          const got = featureGradients(backbone, pixels, cotangents, { coefficients, method, context, scaleOf });
          for (const report of got.reports) await report.check();
          expect(got.found.size).toBe(expected.found.size);
          for (const [name, gradient] of got.found)
            await expectScaledClose(gradient, expected.found.get(name)!, { rtol: 3e-4, atol: 1e-5 }, name);
          dispose([got.dPixels!, ...got.found.values()]);
        }
        expect([...scales.keys()]).toEqual([0, 1, 2]);
        expect([...scales.values()].every(({ measured }) => measured)).toBe(method.name === 'exact');
        backbone.dispose();
        dispose([pixels, ...cotangents, expected.dPixels!, ...expected.found.values()]);
      }),
  );

  test('a sink that fails, at any parameter, leaves nothing behind', () =>
    expectNoLeak(async () => {
      const [backbone, pixels] = [make(), pixelsOf()];
      const learning = backbone.parameters.filter(({ name }) => !name.startsWith('norm.'));
      for (const failing of learning.filter((_, i) => i % 5 === 0))
        await expectNoLeak(() => {
          const { maps, pullback } = traceFeatures(backbone, pixels, conventional);
          const sink = (parameter: Parameter, gradient: Tensor) => {
            gradient.dispose();
            if (parameter === failing) throw new Error('a sink that fails');
          };
          expect(() => pullback(maps, sink), failing.name).toThrow('a sink that fails');
          dispose(maps);
        });
      backbone.dispose();
      pixels.dispose();
    }));

  test('frozen, nothing of the backbone gets a gradient', () =>
    expectNoLeak(() => {
      const [backbone, pixels] = [make(), pixelsOf()];
      const { maps, pullback } = traceFeatures(backbone, pixels, { ...conventional, method: { name: 'frozen' } });
      const sink = ({ name }: Parameter) => {
        throw new Error(`${name} got a gradient`);
      };
      expect(pullback(maps, sink)).toBeNull();
      backbone.dispose();
      dispose([pixels, ...maps]);
    }));

  test('gradients of another number of maps are refused, and so are features that were not asked for', () =>
    expectNoLeak(() => {
      const [backbone, pixels, without] = [make(), pixelsOf(), createSwin(tiny, 1)];
      const { maps, pullback } = traceFeatures(backbone, pixels, conventional);
      expect(() => pullback([null], discard)).toThrow('1 gradients were given for 3 maps');
      expect(() => applyFeatures(without, pixels, conventional)).toThrow('made without features');
      dispose([pixels, ...maps]);
      backbone.dispose();
      without.dispose();
    }));
});

test('a classifier: gradients arrive head first, stem last, each stage after the one above it; layers count blocks', () =>
  expectNoLeak(() => {
    const backbone = createSwin(tiny, 3);
    const head = newHead(backbone, { classes: 3, seed: 1 });
    const pixels = randomUniform([1, 24, 24, 3], -1, 1, 'float32', 1);
    const targets = softTargets([1], 3);
    const names: string[] = [];
    const sink: Sink = ({ name }, gradient) => {
      names.push(name);
      gradient.dispose();
    };
    const { loss, output } = gradients(backbone, head, pixels, targets, { ...conventional, sink });
    expect(names.length).toBe(backbone.parameters.length + head.parameters.length);
    const groups = names.map((name) => name.match(/^(head|norm|stem|stages\.\d(\.merge)?)/)![0]);
    expect(groups.filter((group, i) => group !== groups[i - 1])).toEqual([
      ...['head', 'norm', 'stages.2', 'stages.1.merge', 'stages.1', 'stages.0.merge', 'stages.0', 'stem'],
    ]);
    const layer = (name: string) => backbone.layerOf(backbone.parameters.find((p) => p.name === name)!);
    expect(backbone.depth).toBe(5);
    expect(
      ['stem.norm.gain', 'stages.0.blocks.1.attention.table', 'stages.0.merge.reduction', 'norm.gain'].map(layer),
    ).toEqual([0, 2, 2, 6]);
    expect(layer('stages.2.blocks.0.mlp.expand.weight')).toBe(4);
    backbone.dispose();
    head.dispose();
    dispose([pixels, targets, loss, output]);
  }));

test('a classifier of a frozen backbone: the head alone learns', () =>
  expectNoLeak(() => {
    const backbone = createSwin(tiny, 3);
    const head = newHead(backbone, { classes: 3, seed: 1 });
    const pixels = randomUniform([1, 24, 24, 3], -1, 1, 'float32', 1);
    const targets = softTargets([1], 3);
    const names: string[] = [];
    const sink: Sink = ({ name }, gradient) => {
      names.push(name);
      gradient.dispose();
    };
    const method = { name: 'frozen' } as const;
    const { loss, output } = gradients(backbone, head, pixels, targets, { ...conventional, method, sink });
    expect(names.sort()).toEqual(head.parameters.map(({ name }) => name).sort());
    backbone.dispose();
    head.dispose();
    dispose([pixels, targets, loss, output]);
  }));

test('every stage has masks of its own', () =>
  expectNoLeak(() => {
    const backbone = createSwin(tiny, 3, { dropPath: 0.5, features: [2] });
    const pixels = randomUniform([1, 24, 24, 3], -1, 1, 'float32', 1);
    const seeds: number[] = [];
    for (const { subBlocks } of backbone.runs) {
      const block = subBlocks.at(-1)!;
      const { apply } = block;
      block.apply = (x, context) => {
        seeds.push(context.seed);
        return apply(x, context);
      };
    }
    dispose([pixels, ...applyFeatures(backbone, pixels, { ...conventional, context: trainingContext(5) })]);
    expect(new Set(seeds).size).toBe(3);
    backbone.dispose();
  }));

test('stochastic depth: a rebuild sees the masks of the forward pass', () =>
  expectNoLeak(async () => {
    const backbone = createSwin(tiny, 3, { dropPath: 0.5, features: [2] });
    const pixels = randomUniform([4, 24, 24, 3], -1, 1, 'float32', 1);
    const context = trainingContext(5);
    const coefficients = { alpha: 0.5, beta: 0.5 };
    const cotangent = randomUniform([4, 3, 3, 16], -1, 1, 'float32', 2);
    const found = ([{ name: 'conventional' }, { name: 'exact', verify: true }] as const).map((method) =>
      featureGradients(backbone, pixels, [cotangent], { coefficients, method, context }),
    );
    for (const { reports } of found) for (const report of reports) await report.check();
    for (const [name, gradient] of found[0]!.found)
      await expectScaledClose(found[1]!.found.get(name)!, gradient, { rtol: 1e-4, atol: 1e-5 }, name);
    backbone.dispose();
    dispose([pixels, cotangent]);
    for (const { found: own, dPixels } of found) dispose([dPixels!, ...own.values()]);
  }));
