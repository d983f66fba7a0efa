/** The recognizer against VideoMAE's reference (float64 PyTorch), and what it refuses. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelsLast, createBackbone, loadBackbone } from '@dr2net/models';
import { inference, type Sink, softTargets, trainingContext } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, readReference, sharedPath, toTensor } from '@dr2net/testing';
import { dispose, type Tensor, type Tensor2D, type Tensor5D } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type ActionRecognizer,
  actionRecognizer,
  BackboneInputError,
  ClassesError,
  type ClipBatch,
  clipSource,
} from '../src/node.ts';
import { fakeDataset, fakeReader } from './fake-reader.ts';

const folder = sharedPath('reference/videomae');
const out = mkdtempSync(join(tmpdir(), 'dr2net-recognizer-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const small = {
  model_type: 'videomae',
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 48,
  image_size: 16,
  patch_size: 8,
  num_frames: 4,
  tubelet_size: 2,
};
const labels = ['class 0', 'class 1', 'class 2'];

/** A source of clips that exist nowhere, as the small backbone takes them. */
function smallSource(count: number, training = false, views = {}) {
  const { reader } = fakeReader();
  return clipSource(fakeDataset(count), { batch: 2, frames: 4, size: 16, training, reader, views });
}

/** Runs `body` with a recognizer on a new small backbone; both are freed. */
async function withSmall(
  options: Parameters<typeof actionRecognizer>[1],
  body: (model: ActionRecognizer) => void | Promise<void>,
) {
  const backbone = createBackbone(small, 3);
  try {
    const model = actionRecognizer(backbone, { classes: labels, ...options });
    try {
      await body(model);
    } finally {
      model.dispose();
    }
  } finally {
    backbone.dispose();
  }
}

/** The gradients of a step by parameter name, as numbers. */
async function stepGradients(model: ActionRecognizer, batch: ClipBatch) {
  const found = new Map<string, Tensor>();
  const sink: Sink = (parameter, gradient) => found.set(parameter.name, gradient);
  const { loss, output, reports } = model.step(batch, { context: trainingContext(1), sink });
  await Promise.all(reports.map((report) => report.check()));
  const values = new Map<string, Float32Array>();
  for (const [name, gradient] of found) values.set(name, (await gradient.data()) as Float32Array);
  const value = (await loss.data())[0] as number;
  dispose([loss, output, ...found.values()]);
  return { loss: value, gradients: values };
}

describe.skipIf(!folder)('VideoMAE for classification', () => {
  if (!folder) return;
  const expected = readReference(`${folder}/expected.safetensors`);
  const get = (name: string) => {
    const found = expected.get(name);
    if (!found) throw new Error(`the reference has no ${name}`);
    return found;
  };
  const config = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')) as { id2label?: Record<string, string> };

  async function batchOf(): Promise<ClipBatch> {
    const given = toTensor(get('input.pixel_values'));
    const pixels = channelsLast(given) as Tensor5D;
    given.dispose();
    const classes = Array.from(get('input.labels').data);
    const targets = softTargets(classes, get('conventional/logits').shape[1] as number) as Tensor2D;
    return {
      ids: classes.map(String),
      labels: classes,
      size: classes.length,
      pixels,
      targets,
      dispose: () => dispose([pixels, targets]),
    };
  }

  it.each([
    ['conventional', { alpha: 1, beta: 0 }],
    ['dr2net-a0.5-b0.6', { alpha: 0.5, beta: 0.6 }],
  ] as const)('loads the classifier: logits, loss and head gradients (%s)', async (variant, coefficients) => {
    await expectNoLeak(async () => {
      const backbone = await loadBackbone(folder as string);
      const model = actionRecognizer(backbone, { coefficients });
      const batch = await batchOf();
      const found: { key: string; tensor: Tensor }[] = [];
      const sink: Sink = (parameter, gradient) => {
        const owner = model.isHead(parameter) ? model.head : backbone;
        found.push(...owner.toCheckpoint(parameter, gradient));
        gradient.dispose();
      };
      const logits = model.predict(batch);
      const { loss, output } = model.step(batch, { context: inference, sink });
      try {
        await expectScaledClose(logits, get(`${variant}/logits`), { rtol: 2e-5, atol: 0 });
        await expectScaledClose(output, get(`${variant}/logits`), { rtol: 2e-5, atol: 0 });
        expect((await loss.data())[0]).toBeCloseTo(get(`${variant}/loss`).data[0] as number, 5);
        expect(found.map(({ key }) => key)).toEqual(expect.arrayContaining(['classifier.weight', 'fc_norm.bias']));
        for (const { key, tensor } of found)
          await expectScaledClose(tensor, get(`${variant}/grad/${key}`), { rtol: 1e-4, atol: 1e-7 }, key);
      } finally {
        dispose([logits, loss, output, ...found.map(({ tensor }) => tensor)]);
        batch.dispose();
        model.dispose();
        backbone.dispose();
      }
    });
  });

  it('refuses other classes than its head has, and takes a new head for them', async () => {
    const backbone = await loadBackbone(folder as string);
    const own = actionRecognizer(backbone);
    const names = own.labels;
    expect(names.length).toBe(get('conventional/logits').shape[1]);
    if (config.id2label) expect(names).toEqual(Object.values(config.id2label));
    expect(() => actionRecognizer(backbone, { classes: ['a', 'b'] })).toThrow(ClassesError);
    expect(() => actionRecognizer(backbone, { classes: ['a', 'b'] })).toThrow(
      /has \d+ classes.*2 are asked for.*head: 'new'/,
    );
    const fresh = actionRecognizer(backbone, { classes: ['a', 'b'], head: 'new' });
    expect(fresh.labels).toEqual(['a', 'b']);
    expect(fresh.method.name).toBe('exact');
    for (const model of [own, fresh]) model.dispose();
    backbone.dispose();
  });
});

describe('a new head', () => {
  it('needs class names, each once', async () => {
    await withSmall({}, (model) => {
      expect(() => actionRecognizer(model.backbone)).toThrow(/needs the names of its classes/);
      expect(() => actionRecognizer(model.backbone, { classes: ['a', 'a'] })).toThrow(/occurs twice/);
    });
  });

  it.each([{ dropout: 1 }, { labelSmoothing: -0.1 }, { labelSmoothing: Number.NaN }])('refuses %o', async (options) => {
    await expect(withSmall(options, () => undefined)).rejects.toThrow(/must be at least 0 and below 1/);
  });

  it('does not take an image model', () => {
    const image = createBackbone({ ...small, model_type: 'vit', layer_norm_eps: 1e-6 }, 1);
    expect(() => actionRecognizer(image, { classes: labels })).toThrow(BackboneInputError);
    expect(() => actionRecognizer(image, { classes: labels })).toThrow(/takes images.*frames: 8/);
    image.dispose();
  });

  it('gives every trainable parameter a gradient, by every method alike, and leaks nothing', async () => {
    await expectNoLeak(async () => {
      const methods = [
        { name: 'conventional' },
        { name: 'checkpoint' },
        { name: 'reversible' },
        { name: 'exact' },
      ] as const;
      const found: Awaited<ReturnType<typeof stepGradients>>[] = [];
      for (const method of methods)
        await withSmall({ method, coefficients: { alpha: 0.5, beta: 0.5 }, dropout: 0.3 }, async (model) => {
          for await (const batch of smallSource(2, true).epoch({ seed: 1, epoch: 0 })) {
            found.push(await stepGradients(model, batch));
            batch.dispose();
          }
          expect([...(found.at(-1)?.gradients.keys() ?? [])].sort()).toEqual(
            model.parameters.map(({ name }) => name).sort(),
          );
        });
      const [first, ...others] = found;
      for (const other of others) {
        expect(other.loss).toBeCloseTo(first?.loss as number, 4);
        for (const [name, values] of first?.gradients ?? []) {
          const shape = [values.length];
          const data = other.gradients.get(name) as Float32Array;
          await expectScaledClose({ shape, data }, { shape, data: values }, { rtol: 2e-3, atol: 1e-5 }, name);
        }
      }
    });
  });

  it('spreads label smoothing over the classes', async () => {
    const losses: number[] = [];
    for (const labelSmoothing of [0, 0.3])
      await withSmall({ labelSmoothing, method: { name: 'conventional' } }, async (model) => {
        for await (const batch of smallSource(2).epoch({ seed: 0, epoch: 0 })) {
          const logits = model.predict(batch);
          const rows = (await logits.array()) as number[][];
          const { loss } = await stepGradients(model, batch);
          const expected = rows.map((row, i) => {
            const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
            return row.reduce((sum, value, k) => {
              const target = (k === batch.labels[i] ? 1 - labelSmoothing : 0) + labelSmoothing / 3;
              return sum - target * (value - Math.log(total));
            }, 0);
          });
          expect(loss).toBeCloseTo(expected.reduce((sum, value) => sum + value, 0) / rows.length, 4);
          losses.push(loss);
          logits.dispose();
          batch.dispose();
        }
      });
    expect(losses[0]).not.toBeCloseTo(losses[1] as number, 3);
  });

  it('evaluates a source, one row a clip however many views, and leaks nothing', async () => {
    await expectNoLeak(() =>
      withSmall({}, async (model) => {
        const result = await model.evaluate(smallSource(5, false, { temporal: 3 }));
        expect(result.clips).toBe(5);
        expect(result.labels).toEqual(labels);
        expect(result.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(5);
        expect(result.loss).toBeGreaterThan(0);
        const scored = await model.score(smallSource(5));
        expect(scored.ids).toEqual(fakeDataset(5).clips.map(({ id }) => id));
        for (const row of scored.scores) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      }),
    );
  });

  it('counts layers from the stem to the head', async () => {
    await withSmall({}, (model) => {
      expect(model.layers).toBe(4);
      const layers = model.parameters.map((parameter) => model.layerOf(parameter));
      expect([...new Set(layers)]).toEqual([0, 1, 2, 3]);
      for (const parameter of model.parameters) if (model.isHead(parameter)) expect(model.layerOf(parameter)).toBe(3);
    });
  });

  it('is saved and loaded again: same logits, classes, coefficients and method', async () => {
    await expectNoLeak(async () => {
      const path = join(out, 'saved');
      await withSmall({ coefficients: { alpha: 0.75, beta: 0.25 }, read: 'mean', seed: 9 }, async (model) => {
        const before = await model.score(smallSource(3));
        await model.save(path);
        const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'));
        expect(config).toMatchObject({
          id2label: { 0: 'class 0', 2: 'class 2' },
          label2id: { 'class 1': 1 },
          finetuning_task: 'video',
        });
        const backbone = await loadBackbone(path);
        const again = actionRecognizer(backbone);
        expect(again.labels).toEqual(labels);
        expect([again.coefficients, again.method, again.read]).toEqual([
          { alpha: 0.75, beta: 0.25 },
          { name: 'exact' },
          'mean',
        ]);
        expect(await again.score(smallSource(3))).toEqual(before);
        expect(() => actionRecognizer(backbone, { classes: ['class 1', 'class 0', 'class 2'] })).toThrow(
          /in the head's order/,
        );
        again.dispose();
        backbone.dispose();
      });
    });
  });
});
