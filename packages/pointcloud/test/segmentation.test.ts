/** A segmenter as a task: loss, gradients by every method, whole scenes, saving, and what is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Method } from '@dr2net/core';
import {
  createBackbone,
  createSegmenter,
  loadSegmenter,
  randomFrom,
  segmenterConfig,
  withNewHead,
} from '@dr2net/models';
import { trainingContext } from '@dr2net/ops';
import { expectNoLeak } from '@dr2net/testing';
import { add, dispose, memory, mul, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { readScenes as chooseScenes } from '../src/browser.ts';
import {
  type CloudForm,
  type PointBatch,
  type PointSegmentation,
  type PointSource,
  parseClasses,
  pointSegmentation,
  pointSource,
  pointTargets,
  type SegmentationOptions,
  samplingOf,
  unlabelledScenes,
} from '../src/node.ts';
import { pointLoss } from '../src/segmentation/loss.ts';
import { segmentScenes } from '../src/segmentation/scenes.ts';
import { file } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'dr2net-segmentation-'));
afterAll(() => rmSync(folder, { recursive: true }));

const table = parseClasses('low=0,high=1-,ignored=9');
const form: CloudForm = { points: 64, region: 'sphere', features: ['height', 'position'] };

/** A scene whose points are high or low; some are ignored. */
function content(points: number, seed: number): string {
  const random = randomFrom(seed, 'points');
  const line = (i: number) => {
    const [x, y, z] = [random() * 4, random() * 4, random() * 2];
    return [x, y, z, i % 7 === 0 ? 9 : z > 1 ? 3 : 0].map((value) => value.toFixed(3)).join(' ');
  };
  return Array.from({ length: points }, (_, i) => line(i)).join('\n');
}
const contents = { 'a.txt': content(150, 1), 'b.txt': content(70, 2), 'c.txt': content(90, 3) };
const entries = Object.entries(contents).map(([path, text]) => ({ path, file: file(path, text) }));
const dataset = await chooseScenes(entries, { classes: table });
const sourceOf = (training: boolean, options: object = {}): Promise<PointSource> =>
  pointSource(dataset, { batch: 2, training, sampling: samplingOf(form), features: form.features, ...options });

const image = {
  model_type: 'dinov2',
  hidden_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  image_size: 8,
  patch_size: 4,
};

/** Runs `body` with a segmentation on a small new segmenter; both are freed. */
async function withModel<T>(
  options: SegmentationOptions,
  body: (model: PointSegmentation) => T | Promise<T>,
): Promise<T> {
  const blocks = createBackbone(image, 3);
  const config = segmenterConfig(blocks, { classes: 2, channels: 4, groupSize: 4, dropout: 0 });
  const segmenter = createSegmenter(config, 5, { blocks });
  blocks.dispose();
  try {
    return await body(pointSegmentation(segmenter, { classes: table.names, ...options }));
  } finally {
    segmenter.dispose();
  }
}

async function firstBatch(): Promise<PointBatch> {
  const source = await sourceOf(true);
  for await (const batch of source.epoch({ seed: 1, epoch: 0 })) return batch;
  throw new Error('the source gave no batch');
}

async function stepOf(model: PointSegmentation, batch: PointBatch) {
  const found = new Map<string, Tensor>();
  const { loss, output, reports } = model.step(batch, {
    context: trainingContext(1),
    sink: (parameter, gradient) => void found.set(parameter.name, gradient),
  });
  await Promise.all(reports.map((report) => report.check()));
  const gradients = new Map<string, Float32Array>();
  for (const [name, gradient] of found) gradients.set(name, (await gradient.data()) as Float32Array);
  const value = (await loss.data())[0] as number;
  dispose([loss, output, ...found.values()]);
  return { loss: value, gradients };
}

describe('the loss of points', () => {
  const random = randomFrom(4, 'logits');
  const logits = Array.from({ length: 5 * 3 }, () => 4 * random.normal());
  const labels = [0, 2, 255, 1, 2];
  const weights = [0.5, 1, 2];

  /** In float64. */
  function expected(values: readonly number[]): number {
    const { targets, weights: each } = pointTargets(labels, 3, { smoothing: 0.1, weights });
    let [sum, total] = [0, 0];
    for (const [i, weight] of each.entries()) {
      const row = values.slice(3 * i, 3 * i + 3);
      const all = Math.log(row.reduce((powers, value) => powers + Math.exp(value), 0));
      total += weight;
      for (const [k, value] of row.entries()) sum -= weight * (targets[3 * i + k] as number) * (value - all);
    }
    return sum / total;
  }

  it('is the weighted mean of cross-entropies, with its gradient; ignored points count nothing', () =>
    expectNoLeak(async () => {
      const given = tensor(logits, [1, 5, 3]);
      const { loss, gradient } = pointLoss(given, pointTargets(labels, 3, { smoothing: 0.1, weights }));
      expect((await loss.data())[0]).toBeCloseTo(expected(logits), 5);
      const found = await gradient.data();
      expect(gradient.shape).toEqual([1, 5, 3]);
      for (const [i, value] of found.entries()) {
        const moved = (by: number) => expected(logits.map((each, j) => (i === j ? each + by : each)));
        expect(value).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 5);
      }
      expect(found.subarray(6, 9).every((value) => value === 0)).toBe(true);
      dispose([given, loss, gradient]);
    }));

  it('is 0 where no point counts, and does not overflow', () =>
    expectNoLeak(async () => {
      const given = tensor([1e4, -1e4, 0, 3], [1, 2, 2]);
      const none = pointLoss(given, pointTargets([255, 255], 2));
      const values = [...(await none.loss.data()), ...(await none.gradient.data())];
      expect(values.map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
      const large = pointLoss(given, pointTargets([1, 1], 2));
      expect((await large.loss.data())[0]).toBeCloseTo((2e4 + Math.log(1 + Math.exp(-3))) / 2, 2);
      dispose([given, none.loss, none.gradient, large.loss, large.gradient]);
    }));
});

describe('a step', () => {
  it('gives the gradient of its loss', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch();
      const options = { method: { name: 'conventional' }, classWeights: [1, 3], labelSmoothing: 0.1 } as const;
      await withModel({ ...options, coefficients: { alpha: 0.8, beta: 0.3 } }, async (model) => {
        const { gradients } = await stepOf(model, batch);
        const squares = [...gradients.values()].flatMap((values) => [...values]).reduce((sum, v) => sum + v * v, 0);
        const moved = async (by: number) => {
          for (const parameter of model.parameters) {
            const gradient = gradients.get(parameter.name);
            if (!gradient) continue;
            const shift = tensor(gradient, [...parameter.shape]);
            parameter.assign(tidy(() => add(parameter.variable, mul(shift, by))));
            shift.dispose();
          }
          return (await stepOf(model, batch)).loss;
        };
        // Small: maxima over neighbours have kinks everywhere.
        const size = 1e-4 / Math.sqrt(squares);
        const above = await moved(size);
        const below = await moved(-2 * size);
        expect(Math.abs((above - below) / (2 * size) / squares - 1)).toBeLessThan(0.1);
      });
      batch.dispose();
    }));

  it.each<[string, Method]>([
    ['checkpoint', { name: 'checkpoint' }],
    ['reversible', { name: 'reversible' }],
    ['exact', { name: 'exact' }],
  ])('has the gradients of the conventional network: %s', (_, method) =>
    expectNoLeak(async () => {
      const batch = await firstBatch();
      const coefficients = method.name === 'exact' ? { alpha: 63 / 64, beta: 1 / 64 } : { alpha: 0.5, beta: 0.5 };
      const expected = await withModel({ coefficients, method: { name: 'conventional' } }, (m) => stepOf(m, batch));
      const found = await withModel({ coefficients, method }, (model) => stepOf(model, batch));
      expect(found.loss).toBeCloseTo(expected.loss, 4);
      expect([...found.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
      for (const [name, gradient] of found.gradients) {
        const truth = expected.gradients.get(name) as Float32Array;
        const scale = Math.max(1e-3, ...truth.map(Math.abs));
        for (const [i, value] of gradient.entries())
          expect(Math.abs(value - (truth[i] as number)) / scale, name).toBeLessThan(2e-3);
      }
      batch.dispose();
    }),
  );

  it('frozen trains decoder and head alone', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch();
      await withModel({ method: { name: 'frozen' } }, async (model) => {
        const { gradients } = await stepOf(model, batch);
        const heads = model.parameters.filter((parameter) => parameter.trainable && model.isHead(parameter));
        expect([...gradients.keys()].sort()).toEqual(heads.map(({ name }) => name).sort());
      });
      batch.dispose();
    }));

  it('leaves nothing behind when the sink fails', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch();
      await withModel({}, (model) => {
        const before = memory().numTensors;
        let given = 0;
        const sink = (_: unknown, gradient: Tensor) => {
          gradient.dispose();
          if (++given === 20) throw new Error('the sink failed');
        };
        expect(() => model.step(batch, { context: trainingContext(1), sink })).toThrow('the sink failed');
        expect(memory().numTensors).toBe(before);
      });
      batch.dispose();
    }));

  it('layers go from the embedding to the head; what was made new is of the top one', () =>
    withModel({}, (model) => {
      const layer = (start: string) =>
        model.layerOf(model.parameters.find(({ name }) => name.startsWith(start)) as (typeof model.parameters)[0]);
      expect([layer('embed.'), layer('blocks.0.'), layer('blocks.2.'), layer('norm.'), layer('head.')]).toEqual([
        4, 1, 3, 4, 4,
      ]);
      expect(model.layers).toBe(5);
    }));
});

/** Logits that know the truth but for the third of the points. */
const oracle = (batch: PointBatch) =>
  Promise.resolve(
    Float32Array.from(batch.labels, (label) => (label === 255 ? 0 : label)).reduce(
      (rows, label, i) => {
        rows[2 * i + label] = 4;
        return rows;
      },
      new Float32Array(2 * batch.labels.length),
    ),
  );

describe('whole scenes', () => {
  it.each([1, 2, 3, 7])('are segmented whatever the batches are: %i samples', (batch) =>
    expectNoLeak(async () => {
      const source = await sourceOf(false, { batch, voxel: { side: 0.2 } });
      const ids: string[] = [];
      let batches = 0;
      const options = { classes: 2, votes: 'probability', logits: oracle, onBatch: () => batches++ } as const;
      for await (const { id, scene, classes, allClasses } of segmentScenes(source, options)) {
        ids.push(id);
        expect(classes.length).toBe(scene.cloud.count);
        expect(allClasses.length).toBe(scene.allLabels.length);
        const labels = scene.cloud.labels as Int32Array;
        expect([...classes]).toEqual(Array.from(labels, (label) => (label === 255 ? 0 : label)));
      }
      expect(ids).toEqual(['a.txt', 'b.txt', 'c.txt']);
      expect(batches).toBe(source.batches);
    }),
  );

  it('are evaluated over all points as read, with the loss of the samples', () =>
    expectNoLeak(async () => {
      const source = await sourceOf(false);
      await withModel({}, async (model) => {
        const found = await model.evaluate(source);
        expect(found.labels).toEqual(['low', 'high']);
        expect(found.points).toBe(150 + 70 + 90 - 22 - 10 - 13);
        expect(found.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(found.points);
        expect(found.loss).toBeGreaterThan(0);
        expect(found.scenes.map(({ id, classes }) => [id, classes.length])).toEqual([
          ['a.txt', 150],
          ['b.txt', 70],
          ['c.txt', 90],
        ]);
        const stop = new AbortController();
        const stopped = model.evaluate(source, { signal: stop.signal, onBatch: () => stop.abort() });
        await expect(stopped).rejects.toThrow('abort');
      });
    }));

  it('without labels have all points ignored, whatever the files say', async () => {
    const unlabelled = unlabelledScenes(entries, table);
    const source = await pointSource(unlabelled, { batch: 2, training: false, sampling: samplingOf(form) });
    expect(source.counts).toEqual([0, 0]);
    const scene = await source.scene('b.txt');
    expect(new Set(scene.allLabels)).toEqual(new Set([255]));
  });
});

describe('saving', () => {
  it('keeps classes, codes, form, coefficients and method', () =>
    withModel(
      {
        clouds: { ...form, voxel: 0.1, classes: table },
        method: { name: 'reversible' },
        coefficients: { alpha: 0.4, beta: 0.7 },
      },
      async (model) => {
        await model.save(join(folder, 'saved'));
        const segmenter = await loadSegmenter(join(folder, 'saved'));
        const again = pointSegmentation(segmenter);
        expect(again.labels).toEqual(['low', 'high']);
        expect(again.clouds).toEqual({ ...form, voxel: 0.1, classes: table });
        expect([again.coefficients, again.method]).toEqual([{ alpha: 0.4, beta: 0.7 }, { name: 'reversible' }]);
        // It is no longer new: a learning rate that falls with depth takes the embedding for the lowest layer.
        expect(again.layerOf(segmenter.classToken)).toBe(0);
        const other = withNewHead(segmenter, 5, 1);
        expect(() => pointSegmentation(other, { classes: ['a', 'b'] })).toThrow(
          /head has 5 classes, and 2 are asked for \(a, b\)/,
        );
        expect(pointSegmentation(other).labels).toEqual(['class 0', 'class 1', 'class 2', 'class 3', 'class 4']);
        other.dispose();
      },
    ));
});

describe('is refused', () => {
  it.each<[string, SegmentationOptions, RegExp]>([
    ['too few classes', { classes: ['one'] }, /head has 2 classes, and 1 are asked for/],
    ['a class twice', { classes: ['a', 'a'] }, /"a" occurs twice/],
    ['smoothing', { labelSmoothing: 1 }, /labelSmoothing is 1/],
    ['weights', { classWeights: [1] }, /classWeights are \[1\]; 2 numbers/],
    ['a negative weight', { classWeights: [1, -1] }, /classWeights are \[1, -1\]/],
  ])('%s', (_, options, message) =>
    withModel({}, ({ segmenter }) => {
      expect(() => pointSegmentation(segmenter, { classes: table.names, ...options })).toThrow(message);
    }),
  );

  it('a batch of other features', () =>
    withModel({}, async (model) => {
      const source = await pointSource(dataset, { batch: 2, training: false, sampling: samplingOf(form) });
      await expect(model.evaluate(source)).rejects.toThrow(/1 features a point, the segmenter takes 4/);
    }));

  it('a block without a side, a sphere with one', () => {
    expect(() => samplingOf({ ...form, region: 'block' })).toThrow('A block needs the side');
    expect(() => samplingOf({ ...form, side: 3 })).toThrow('side is 3; a sphere has none');
  });
});
