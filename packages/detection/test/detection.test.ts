/** A detector as a task: gradients by every method, learning, whole evaluations, saving, and what is refused. */
import '@tensorflow/tfjs-backend-cpu';
import { join } from 'node:path';
import type { Method } from '@dr2net/core';
import { createBackbone, createYolos, loadYolos, yolosConfig } from '@dr2net/models';
import { trainingContext } from '@dr2net/ops';
import { expectNoLeak } from '@dr2net/testing';
import { memory, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { boxIou, type DetectionOptions, detectionSource, type ObjectDetection, objectDetection } from '../src/node.ts';
import { temporaryFolder } from './pictures.ts';
import { descend, firstBatch, shapes, slopeOf, stepOf } from './shapes.ts';

const root = temporaryFolder();
const { dataset, source } = await shapes(root);

const image = {
  model_type: 'vit',
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  image_size: 32,
  patch_size: 8,
};

async function withModel<T>(options: DetectionOptions, body: (model: ObjectDetection) => T | Promise<T>): Promise<T> {
  const blocks = createBackbone(image, 3);
  const shape = { size: [32, 48], detectionTokens: 5, referenceBoxes: false } as const;
  const config = yolosConfig(blocks, { classes: dataset.classes, ...shape });
  const detector = await createYolos(config, 5, { blocks });
  blocks.dispose();
  try {
    return await body(objectDetection(detector, options));
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
      expect(found.loss).toBeCloseTo(expected.loss, 4);
      expect([...found.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
      expect(found.gradients.size).toBeGreaterThan(40);
      const whole = Math.max(...[...expected.gradients.values()].map((values) => Math.max(...values.map(Math.abs))));
      for (const [name, gradient] of found.gradients) {
        const right = expected.gradients.get(name) as Float32Array;
        const scale = Math.max(1e-3 * whole, ...right.map(Math.abs));
        for (const [i, value] of gradient.entries())
          expect(Math.abs(value - (right[i] as number)) / scale, name).toBeLessThan(2e-3);
      }
      batch.dispose();
    }),
  );

  it('gives the slope of its loss', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({ method: { name: 'conventional' } }, async (model) => {
        const { gradients } = await stepOf(model, batch);
        for (const name of ['stem.detection', 'blocks.1.mlp.expand.weight', 'head.box.2.weight', 'head.class.0.bias']) {
          const slope = await slopeOf(model, batch, gradients, name, 2e-3);
          expect(slope, name).toBeGreaterThan(0.97);
          expect(slope, name).toBeLessThan(1.03);
        }
      });
      batch.dispose();
    }));

  it('frozen trains the two networks alone', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({ method: { name: 'frozen' } }, async (model) => {
        const { gradients } = await stepOf(model, batch);
        expect(gradients.size).toBe(12);
        expect([...gradients.keys()].every((name) => name.startsWith('head.'))).toBe(true);
      });
      batch.dispose();
    }));

  it('leaves nothing behind when the sink fails', () =>
    expectNoLeak(async () => {
      const batch = await firstBatch(source(false));
      await withModel({}, async (model) => {
        const before = memory().numTensors;
        let given = 0;
        const sink = (_: unknown, gradient: Tensor) => {
          gradient.dispose();
          if (++given === 14) throw new Error('the sink failed');
        };
        await expect(model.step(batch, { context: trainingContext(1), sink })).rejects.toThrow('the sink failed');
        expect(memory().numTensors).toBe(before);
      });
      batch.dispose();
    }));
});

describe('a run', () => {
  it('learns where things are, and is worth the same when it was saved', () =>
    expectNoLeak(async () => {
      await withModel({ method: { name: 'conventional' }, coefficients: { alpha: 1, beta: 0 } }, async (model) => {
        const held = source(false);
        const before = await model.evaluate(held);
        for (let epoch = 0; epoch < 90; epoch++)
          for await (const batch of source(true).epoch({ seed: 1, epoch })) {
            const rate = 4e-3 * (1 - epoch / 90);
            const { gradients } = await stepOf(model, batch);
            batch.dispose();
            descend(model, gradients, rate);
          }
        const after = await model.evaluate(held);
        expect(before.stats.AP50 ?? 0).toBeLessThan(0.05);
        expect(after.loss).toBeLessThan(0.6 * before.loss);
        expect(after.stats.AP50 ?? 0).toBeGreaterThan(0.15);
        expect(after.images).toBe(5);
        expect(after.labels).toEqual(['square', 'bar']);
        expect(after.categories.map(({ truths }) => truths)).toEqual([3, 2]);

        const saved = join(root, 'saved');
        await model.save(saved);
        const detector = await loadYolos(saved);
        const again = objectDetection(detector);
        expect(again.labels).toEqual(['square', 'bar']);
        expect(again.coefficients).toEqual({ alpha: 1, beta: 0 });
        expect((await again.evaluate(held)).stats).toEqual(after.stats);
        detector.dispose();

        const batch = await firstBatch(source(false));
        const [all, sure] = [await model.detect(batch), await model.detect(batch, { threshold: 0.5 })];
        expect(all.map(({ objects }) => objects.length)).toEqual([5, 5, 5]);
        expect(all.map(({ id }) => id)).toEqual(batch.ids);
        // Objects that overlap at all: of each class the surest stays, and whatever stands apart.
        const apart = await model.detect(batch, { nms: 0 });
        for (const [i, { objects }] of apart.entries()) {
          const every = all[i]!.objects;
          for (const label of new Set(every.map((object) => object.label)))
            expect(objects).toContainEqual(every.find((object) => object.label === label));
          for (const [a, first] of objects.entries())
            for (const second of objects.slice(a + 1))
              if (first.label === second.label) expect(boxIou(first.box, second.box)[0]).toBe(0);
        }
        expect(apart.flatMap(({ objects }) => objects).length).toBeLessThan(15);
        expect((await model.evaluate(held, { nms: 1 })).stats).toEqual(after.stats);
        const fewer = await model.evaluate(held, { nms: 0 });
        expect(fewer.found.flatMap(({ objects }) => objects).length).toBeLessThan(25);
        await expect(model.detect(batch, { nms: 2 })).rejects.toThrow('threshold is 2; it must be within 0 … 1.');
        const flat = sure.flatMap(({ objects }) => objects);
        expect(flat.length).toBeLessThan(15);
        for (const {
          score,
          box: [x1, y1, x2, y2],
          label,
        } of flat) {
          expect(score).toBeGreaterThanOrEqual(0.5);
          expect([0, 1]).toContain(label);
          expect(x1 >= 0 && y1 >= 0 && x2 <= 48 && y2 <= 32 && x2 > x1 && y2 > y1).toBe(true);
        }
        batch.dispose();
      });
    }));

  it('refuses options of other networks by name', () =>
    expectNoLeak(async () => {
      await expect(withModel({ denoising: {} }, () => undefined)).rejects.toThrow(
        'denoising is not an option of a YOLOS. Leave it out.',
      );
      await expect(withModel({ focal: { gamma: 1 } }, () => undefined)).rejects.toThrow('focal is not an option');
      await withModel({ noObject: 0.5 }, (model) => expect(model.queries).toBe(5));
    }));

  it('refuses other classes, and a canvas that the detector is not for', () =>
    expectNoLeak(async () => {
      await expect(withModel({ classes: ['one'] }, () => undefined)).rejects.toThrow(
        /has 2 classes, and 1 are asked for \(one\)/,
      );
      await withModel({}, async (model) => {
        const other = detectionSource(dataset, { size: [48, 48], batch: 1, training: false });
        await expect(model.evaluate(other)).rejects.toThrow(/48 × 48 .* 32 × 48.*size: \[32, 48\]/);
      });
    }));
});
