/** PointViT against float64: logits, loss and every gradient, in every variant and by every method that can run it. */
import type { Method } from '@dr2net/core';
import { inference, type Parameter, type Sink, softmaxCrossEntropy, softTargets } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, testBackends, toTensor } from '@dr2net/testing';
import { dispose, memory, mul, ones, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSegmenter, type PointSegmenter, type PositionShift, pointGeometry, traceSegmenter } from '../src/index.ts';
import { type ReferenceCase, reference, referenceCase } from './cases.ts';

const forward = { rtol: 2e-5, atol: 0 };
const backward = { rtol: 3e-4, atol: 0 };

/**
 * Relative changes of the features, tried in turn. The reference's nearest ReLU and maximum are 1e-6 from another outcome, which is
 * within the rounding of float32, and processors round differently: a step beside that place every gradient has to be the
 * reference's, all in one run.
 */
const nudges = [0, 3e-6, -3e-6, 6e-6, -6e-6];

/** What a variant's name says. */
function variantOf(name: string) {
  const [, reading] = name.match(/^dr2net-a0\.5-b0\.6-(.*)$/) ?? [];
  return {
    coefficients: reading ? { alpha: 0.5, beta: 0.6 } : { alpha: 1, beta: 0 },
    read: reading?.endsWith('mean') || reading === 'authors' ? ('mean' as const) : ('last' as const),
    branch: reading?.startsWith('branch') ?? false,
    batch: name === 'batchstats',
  };
}

const variantsIn = ({ expected }: ReferenceCase) =>
  [...new Set([...expected.keys()].map((key) => key.split('/')[0]!))].filter((key) => !key.startsWith('input.'));

/** WebGPU cannot read the range of the states while a run is traced. */
const methodsOf = (beta: number, fractionBits: number | 'auto'): Method[] => [
  { name: 'conventional' },
  { name: 'checkpoint' },
  ...(beta > 0 ? ([{ name: 'reversible' }, { name: 'exact', verify: true, fractionBits }] as const) : []),
];

/** [B, C, N] there, [B, N, C] here. */
function channelsLast(data: ReferenceCase, name: string): Tensor {
  const there = toTensor(reference(data.expected, name));
  const here = transpose(there, [0, 2, 1]);
  there.dispose();
  return here;
}

/** A second handle, as the reference has it: channels before points. */
async function expectLike(data: ReferenceCase, name: string, actual: Tensor, tolerance = forward) {
  const turned = transpose(actual, [0, 2, 1]);
  try {
    await expectScaledClose(turned, reference(data.expected, name), tolerance, name);
  } finally {
    turned.dispose();
  }
}

/** The running statistics after the step; puts those of before back. */
async function compareUpdated(model: PointSegmenter, data: ReferenceCase, before: Map<Parameter, Tensor>) {
  for (const [parameter, value] of before) {
    for (const { key, tensor } of model.toCheckpoint(parameter, parameter.variable)) {
      await expectScaledClose(tensor, reference(data.expected, `batchstats/updated/${key}`), forward, key);
      tensor.dispose();
    }
    parameter.assign(value);
  }
}

async function compareGradients(data: ReferenceCase, prefix: string, dFeatures: Tensor, found: Map<string, Tensor>) {
  await expectLike(data, `${prefix}input.x`, dFeatures, backward);
  const wanted = [...data.expected].filter(([key]) => key.startsWith(prefix) && !key.endsWith('input.x'));
  const scale = Math.max(
    ...wanted.map(([, { data: values }]) => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0)),
  );
  expect(wanted.length).toBeGreaterThan(60);
  for (const [key, value] of wanted) {
    const actual = found.get(key.slice(prefix.length));
    if (!actual) throw new Error(`No gradient of ${key}.`);
    // The middle third of a qkv bias has a true gradient of 0.
    const tolerance = key.endsWith('qkv.bias') ? { rtol: backward.rtol, atol: 1e-6 * scale } : backward;
    await expectScaledClose(actual, value, tolerance, key);
  }
  expect(found.size).toBe(wanted.length);
}

/** @returns what does not agree of the gradients; throws for the rest */
async function compare(
  model: PointSegmenter,
  data: ReferenceCase,
  { name, method, nudge }: { name: string; method: Method; nudge: number },
): Promise<unknown> {
  const variant = variantOf(name);
  model.statistics = variant.batch ? 'batch' : 'running';
  const running = model.parameters.filter(({ name }) => /norm\.(mean|variance)$/.test(name));
  const saved = new Map(variant.batch ? running.map((parameter) => [parameter, parameter.variable.clone()]) : []);
  const positions = Float32Array.from(reference(data.expected, 'input.pos').data);
  const geometry = pointGeometry(model.spec, positions, 2);
  const unchanged = channelsLast(data, 'input.x');
  const features = mul(unchanged, 1 + nudge);
  const labels = Array.from(reference(data.expected, 'input.labels').data);
  const targets = softTargets(labels, model.spec.head.classes);
  const found = new Map<string, Tensor>();
  const sink: Sink = (parameter, gradient) => {
    for (const { key, tensor } of model.toCheckpoint(parameter, gradient)) {
      expect(found.has(key), `${key} arrives once`).toBe(false);
      found.set(key, tensor);
    }
    gradient.dispose();
  };
  const { value, pullback, report } = traceSegmenter(model, features, geometry, {
    coefficients: variant.coefficients,
    read: variant.read,
    method,
    context: inference,
    featureGradient: true,
  });
  await compareUpdated(model, data, saved);
  await expectLike(data, `${name}/logits`, value);
  const rows = reshape(value, [labels.length, -1]);
  const loss = softmaxCrossEntropy.trace(rows, targets);
  await expectScaledClose(loss.value, reference(data.expected, `${name}/loss`), { rtol: 0, atol: 1e-5 }, 'loss');
  const one = ones([]);
  const { logits } = loss.pullback(one);
  const dLogits = reshape(logits!, value.shape);
  const dFeatures = pullback(dLogits, sink)!;
  await report.check();
  const mismatch = await compareGradients(data, `${name}/grad/`, dFeatures, found).catch((error: unknown) => error);
  dispose([unchanged, features, targets, value, rows, loss.value, one, logits!, dLogits, dFeatures, ...found.values()]);
  return mismatch;
}

const backends = await testBackends();

describe.each(backends)('$name', ({ name: backend, available, start }) => {
  const cases = ['pointvit-p3embed', 'pointvit-patch-knn', 'pointvit-patch-ball'];
  describe.skipIf(!available).each(cases)('%s', (name) => {
    const data = referenceCase(name);
    // Vitest refuses suites without a test: without references one stands for all that is skipped.
    const names = data ? variantsIn(data) : ['every variant'];
    describe.skipIf(!data).each(names)('%s', (variant) => {
      let model: PointSegmenter;
      let before: number;
      beforeAll(async () => {
        await start();
        before = memory().numTensors;
        const shift: PositionShift | undefined = variantOf(variant).branch ? 'branch' : undefined;
        // Parts that do not divide the groups, so that the last one is smaller.
        model = await loadSegmenter(data!.folder, { partRows: 100, ...(shift && { shift }) });
      });
      afterAll(() => {
        model.dispose();
        expect(memory().numTensors).toBe(before);
      });

      const bits = backend === 'webgpu' ? 22 : 'auto';
      test.each(methodsOf(variantOf(variant).coefficients.beta, bits))(
        'logits, loss and every gradient by $name',
        async (method) => {
          const mismatches: unknown[] = [];
          for (const nudge of nudges) {
            const mismatch = await expectNoLeak(() => compare(model, data!, { name: variant, method, nudge }));
            if (!mismatch) return;
            mismatches.push(mismatch);
          }
          throw mismatches[0];
        },
      );
    });
  });
});
