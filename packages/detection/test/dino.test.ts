/** A DINO as a task: gradients by every method, learning, padding, saving, and what is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { join } from 'node:path';
import type { Method } from '@dr2net/core';
import { track } from '@dr2net/memory';
import { createDino, createSwin, dinoConfig, loadDino, traceDino } from '@dr2net/models';
import { trainingContext } from '@dr2net/ops';
import { expectNoLeak } from '@dr2net/testing';
import { dispose, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type DetectionBatch,
  type DetectionOptions,
  type DetectionOutputs,
  detectionSource,
  type ObjectDetection,
  objectDetection,
  setLoss,
} from '../src/node.ts';
import { temporaryFolder } from './pictures.ts';
import { descend, firstBatch, shapes, slopeOf, stepOf } from './shapes.ts';

const root = temporaryFolder();
const { dataset, source } = await shapes(root);

const swin = {
  model_type: 'swin',
  embed_dim: 8,
  depths: [2, 2],
  num_heads: [2, 2],
  // Fits all maps: what fills up a window otherwise depends on whether padding is beside the picture.
  window_size: 2,
  patch_size: 4,
  drop_path_rate: 0,
};

async function make(plain = false) {
  const blocks = createSwin(swin, 3, { features: [0, 1] });
  const config = {
    ...dinoConfig({
      backbone: blocks,
      features: [0, 1],
      classes: dataset.classes,
      width: 32,
      queries: 8,
      encoderLayers: 1,
      decoderLayers: 2,
      heads: 4,
      hidden: 32,
      levels: 3,
    }),
    dropout: 0,
    ...(plain && {
      ...{ mixed_query_selection: false, look_forward_twice: false, box_query_positions: false },
      denoising_queries: false,
    }),
  };
  const detector = await createDino(config, 5, { blocks });
  blocks.dispose();
  return detector;
}

async function withModel<T>(
  options: DetectionOptions,
  body: (model: ObjectDetection) => T | Promise<T>,
  plain = false,
): Promise<T> {
  const detector = await make(plain);
  try {
    return await body(
      objectDetection(detector, { size: [32, 48], ...(!plain && { denoising: { queries: 8 } }), ...options }),
    );
  } finally {
    detector.dispose();
  }
}

describe('a step', () => {
  it.each<[string, Method]>([
    ['checkpoint', { name: 'checkpoint' }],
    ['reversible', { name: 'reversible' }],
    ['exact', { name: 'exact', verify: true }],
  ])('has the gradients of the conventional network: %s', (_, method) =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      const coefficients = method.name === 'exact' ? { alpha: 63 / 64, beta: 1 / 64 } : { alpha: 0.5, beta: 0.5 };
      const expected = await withModel({ coefficients, method: { name: 'conventional' } }, (m) => stepOf(m, batch));
      const found = await withModel({ coefficients, method }, (model) => stepOf(model, batch));
      expect(found.loss).toBeCloseTo(expected.loss, 3);
      expect([...found.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
      const whole = Math.max(...[...expected.gradients.values()].map((values) => Math.max(...values.map(Math.abs))));
      for (const [name, gradient] of found.gradients) {
        const right = expected.gradients.get(name) as Float32Array;
        const scale = Math.max(1e-3 * whole, ...right.map(Math.abs));
        for (const [i, value] of gradient.entries())
          expect(Math.abs(value - (right[i] as number)) / scale, name).toBeLessThan(5e-3);
      }
      batch.dispose();
    }),
  );

  it('gives every parameter a gradient, and the slope of its loss', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({ method: { name: 'conventional' } }, async (model) => {
        const { gradients } = await stepOf(model, batch);
        expect([...gradients.keys()].sort()).toEqual(model.parameters.map(({ name }) => name).sort());
        for (const name of ['queries.labels', 'queries.content', 'encoder.0.mlp.expand.weight', 'heads.0.class.bias']) {
          const slope = await slopeOf(model, batch, gradients, name, 1e-3);
          expect(slope, name).toBeGreaterThan(0.95);
          expect(slope, name).toBeLessThan(1.05);
        }
      });
      batch.dispose();
    }));

  it('is the same again with the same context, and another with another, by its noise', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({}, async (model) => {
        const first = await stepOf(model, batch);
        expect((await stepOf(model, batch)).loss).toBe(first.loss);
        expect((await stepOf(model, batch, trainingContext(1, 2))).loss).not.toBe(first.loss);
      });
      await withModel({ denoising: false }, async (model) => {
        const first = await stepOf(model, batch);
        expect((await stepOf(model, batch, trainingContext(1, 2))).loss).toBe(first.loss);
        expect(first.gradients.has('queries.labels')).toBe(false);
      });
      batch.dispose();
    }));

  it('frozen trains all but the backbone', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({ method: { name: 'frozen' } }, async (model) => {
        const { gradients } = await stepOf(model, batch);
        const heads = model.parameters.filter((parameter) => model.isHead(parameter)).map(({ name }) => name);
        expect([...gradients.keys()].sort()).toEqual(heads.sort());
        expect(heads.length).toBeLessThan(model.parameters.length);
      });
      batch.dispose();
    }));

  it.each([0, 14])('leaves nothing behind when the sink fails after %d gradients', (after) =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({}, async (model) => {
        const before = memory().numTensors;
        let given = 0;
        const sink = (_: unknown, gradient: Tensor) => {
          gradient.dispose();
          if (given++ === after) throw new Error('the sink failed');
        };
        await expect(model.step(batch, { context: trainingContext(1), sink })).rejects.toThrow('the sink failed');
        expect(memory().numTensors).toBe(before);
      });
      batch.dispose();
    }),
  );

  it('leaves nothing behind when the outputs are not finite', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({}, async (model) => {
        const bias = model.parameters.find(({ name }) => name === 'heads.0.class.bias')!;
        bias.assign(tensor([Number.NaN, 0]));
        const before = memory().numTensors;
        const sink = (_: unknown, gradient: Tensor) => gradient.dispose();
        await expect(model.step(batch, { context: trainingContext(1), sink })).rejects.toThrow(/is NaN/);
        expect(memory().numTensors).toBe(before);
      });
      batch.dispose();
    }));

  it('compares boxes in shares of what the picture fills, in training and evaluation', () =>
    expectNoLeak(async () => {
      const source = detectionSource(dataset, { size: [32, 64], batch: 3, training: false });
      const batch = await firstBatch(source);
      expect(batch.used).toEqual(Array.from({ length: 3 }, () => ({ width: 48, height: 32 })));
      const targets = batch.targets.map(({ labels, boxes }) => ({
        labels,
        boxes: boxes.map((value, k) => (k % 2 === 0 ? (value * 64) / 48 : value)),
      }));
      const detector = await make();
      const model = objectDetection(detector, { denoising: false });
      const input = { pixels: batch.pixels, valid: batch.used.map(({ width, height }) => [height, width] as const) };
      const { coefficients, method, read } = model;
      const traced = await traceDino(detector, input, { coefficients, method, read, context: trainingContext(1) });
      const sets = [...traced.layers, traced.proposals!];
      const outputs = sets.map(({ logits, boxes }): DetectionOutputs => {
        const [size, queries] = boxes.shape as [number, number, number];
        return { batch: size, queries, logits: logits.dataSync(), boxes: boxes.dataSync() as Float32Array };
      });
      const options = { classification: { kind: 'focal', classes: 2 } } as const;
      const { loss } = await stepOf(model, batch);
      expect(loss / setLoss(outputs, targets, options).total).toBeCloseTo(1, 4);
      expect(loss / setLoss(outputs, batch.targets, options).total).not.toBeCloseTo(1, 2);
      const images = { ...dataset, images: dataset.images.slice(0, 3) };
      const evaluated = await model.evaluate(detectionSource(images, { size: [32, 64], batch: 2, training: false }));
      expect(evaluated.loss / setLoss(outputs.slice(1, 2), targets, options).total).toBeCloseTo(1, 4);
      traced.pullback.dispose();
      for (const { logits, boxes } of sets) dispose([logits, boxes]);
      detector.dispose();
      batch.dispose();
    }));

  it('of a batch without objects learns that there is nothing', () =>
    expectNoLeak(async () => {
      const empty = { ...dataset, images: dataset.images.filter(({ boxes }) => boxes.length === 0) };
      const batch = await firstBatch(detectionSource(empty, { size: [32, 48], batch: 1, training: false }));
      await withModel({}, async (model) => {
        const { loss } = await stepOf(model, batch);
        expect(loss).toBeGreaterThan(0);
      });
      batch.dispose();
    }));
});

describe('a run', () => {
  const epochs = 36;

  it('learns where things are, and is worth the same when it was saved', () =>
    expectNoLeak(async () => {
      await withModel({ method: { name: 'conventional' }, coefficients: { alpha: 1, beta: 0 } }, async (model) => {
        const two = { ...dataset, images: dataset.images.slice(1, 3) };
        const size = [32, 48] as const;
        const held = detectionSource(two, { size, batch: 2, training: false });
        const before = await model.evaluate(held);
        const augment = { crop: false, flip: 0, scale: [1, 1] } as const;
        const train = detectionSource(two, { size, batch: 2, training: true, augment });
        for (let epoch = 0; epoch < epochs; epoch++)
          for await (const batch of train.epoch({ seed: 1, epoch })) {
            const { gradients } = await stepOf(model, batch, trainingContext(1, epoch));
            batch.dispose();
            descend(model, gradients, 4e-3 * (1 - epoch / epochs));
          }
        const after = await model.evaluate(held);
        expect(after.loss).toBeLessThan(0.6 * before.loss);
        expect(after.stats.AP50 ?? 0).toBeGreaterThan(Math.max(0.3, 2 * (before.stats.AP50 ?? 0)));
        const single = detectionSource(two, { size, batch: 1, training: false });
        expect((await model.evaluate(single)).loss).toBeCloseTo(after.loss, 4);

        const saved = join(root, 'saved');
        await model.save(saved);
        const detector = await loadDino(saved);
        const again = objectDetection(detector);
        expect([again.labels, again.input.size]).toEqual([
          ['square', 'bar'],
          [32, 48],
        ]);
        expect(again.coefficients).toEqual({ alpha: 1, beta: 0 });
        expect((await again.evaluate(held)).stats).toEqual(after.stats);
        detector.dispose();

        // Beside padding things are where they were.
        const batches = await Promise.all(
          [size, [32, 64] as const].map((own) =>
            firstBatch(detectionSource(two, { size: own, batch: 2, training: false })),
          ),
        );
        expect(batches.map(({ used }) => used[0])).toEqual(batches.map(() => ({ width: 48, height: 32 })));
        const [exact, padded] = await Promise.all(batches.map((batch) => model.detect(batch)));
        for (const [i, { objects }] of exact!.entries()) {
          const [best, same] = [objects[0]!, padded![i]!.objects[0]!];
          expect(same.label).toBe(best.label);
          expect(Math.abs(same.score - best.score)).toBeLessThan(0.15);
          for (const [k, edge] of best.box.entries()) expect(Math.abs((same.box[k] as number) - edge)).toBeLessThan(4);
        }
        for (const batch of batches) batch.dispose();
      });
    }));

  it('is a Deformable DETR where the configuration says so', () =>
    expectNoLeak(() =>
      withModel(
        { method: { name: 'conventional' } },
        async (model) => {
          const batch = await firstBatch(source(false));
          const { loss } = await stepOf(model, batch);
          expect((await stepOf(model, batch, trainingContext(1, 2))).loss).toBe(loss);
          expect((await model.detect(batch)).map(({ objects }) => objects.length)).toEqual([8, 8, 8]);
          batch.dispose();
        },
        true,
      ),
    ));

  it('refuses options that it does not have, other classes, and a canvas that is no multiple of the patches', () =>
    expectNoLeak(async () => {
      await expect(withModel({ noObject: 0.1 }, () => undefined)).rejects.toThrow(
        'noObject is not an option of a Deformable DETR or DINO. Leave it out.',
      );
      await expect(withModel({ denoising: {} }, () => undefined, true)).rejects.toThrow(
        'denoising is not an option of a detector without denoising queries',
      );
      await expect(withModel({ classes: ['one'] }, () => undefined)).rejects.toThrow(/has 2 classes, and 1 are asked/);
      await expect(withModel({ size: [33, 48] }, () => undefined)).rejects.toThrow(
        /size 33×48 does not fit: its height must be a multiple of the patch size 4; the nearest are 32 and 36/,
      );
    }));
});

describe('a batch for trials', () => {
  it('has as many denoising queries as any batch of the data, and is the same every time', () =>
    withModel({ denoising: { queries: 10 } }, async (model) => {
      // One object: 5 groups of 2 queries; two: 2 of 4; three: 1 of 6; four: 1 of 8; five: 1 of 10.
      for (const [most, objects] of [
        [1, 1],
        [2, 1],
        [4, 1],
        [5, 5],
        [50, 8],
      ] as const) {
        const [batch, again] = [model.trialBatch(2, most), model.trialBatch(2, most)];
        expect(batch.targets.map(({ labels }) => labels.length)).toEqual([objects, objects]);
        expect(again.targets).toEqual(batch.targets);
        expect(await again.pixels.data()).toEqual(await batch.pixels.data());
        expect(batch.pixels.shape).toEqual([2, 32, 48, 3]);
        batch.dispose();
        again.dispose();
      }
    }));

  it('takes as much memory as one of the data', () =>
    withModel({ coefficients: { alpha: 63 / 64, beta: 1 / 64 }, method: { name: 'conventional' } }, async (model) => {
      const peakOf = async (batch: DetectionBatch) => {
        const { memory } = await track(() => stepOf(model, batch));
        batch.dispose();
        return memory.peakBytes;
      };
      const real = await firstBatch(source(true));
      const size = real.size;
      const [data, noise] = [await peakOf(real), await peakOf(model.trialBatch(size, 2))];
      expect(noise).toBeGreaterThanOrEqual(data);
      expect(noise / data).toBeLessThan(1.1);
    }));
});
