/** Outputs and every gradient of every published architecture against float64, conventional and with the recurrence. */
import { type Method, runStates } from '@dr2net/core';
import { inference, type Sink, softTargets } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, type ReferenceTensor, testBackends } from '@dr2net/testing';
import { dispose, memory, type Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ClassificationHead,
  channelsFirst,
  gradients,
  loadBackbone,
  pretrainedHead,
  type TransformerBackbone,
} from '../src/index.ts';
import { classifierCases, inputPixels, type ReferenceCase, reference, referenceCase, type Variant } from './cases.ts';

const forward = { rtol: 2e-5, atol: 0 };
const backward = 1e-4;

interface Loaded {
  readonly backbone: TransformerBackbone;
  readonly head: ClassificationHead;
}

/** One backward pass; the gradients by checkpoint key. */
function allGradients({ backbone, head }: Loaded, { expected }: ReferenceCase, variant: Variant, method: Method) {
  const found = new Map<string, Tensor>();
  const sink: Sink = (parameter, gradient) => {
    const owner = head.parameters.includes(parameter) ? head : backbone;
    for (const { key, tensor } of owner.toCheckpoint(parameter, gradient)) {
      expect(found.has(key), `${key} arrives once`).toBe(false);
      found.set(key, tensor);
    }
    gradient.dispose();
  };
  const pixels = inputPixels(expected);
  const targets = softTargets(Array.from(reference(expected, 'input.labels').data), head.classes);
  const {
    loss,
    output,
    pixels: dPixels,
  } = gradients(backbone, head, pixels, targets, {
    coefficients: variant.coefficients,
    method,
    context: inference,
    pixelGradient: true,
    sink,
  });
  dispose([pixels, targets]);
  if (!dPixels) throw new Error('No gradient of the pixels.');
  found.set('input.pixel_values', channelsFirst(dPixels));
  dPixels.dispose();
  return { loss, output, found };
}

/** The largest gradient of the network: true zeros are compared with it. */
function scaleOf(gradientsOf: Iterable<ReferenceTensor>): number {
  let scale = 0;
  for (const { data } of gradientsOf) for (let i = 0; i < data.length; i++) scale = Math.max(scale, Math.abs(data[i]!));
  return scale;
}

function isKeyBias(key: string): boolean {
  return key.endsWith('key.bias');
}

async function compareGradients(
  found: Map<string, Tensor>,
  { expected }: ReferenceCase,
  variant: Variant,
): Promise<number> {
  const prefix = `${variant.name}/grad/`;
  const wanted = new Map(
    [...expected].flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])),
  );
  const scale = scaleOf(wanted.values());
  for (const [key, value] of wanted) {
    const actual = found.get(key);
    if (!actual && key.endsWith('mask_token')) continue;
    if (!actual) throw new Error(`No gradient of ${key}.`);
    const tolerance = isKeyBias(key) ? { rtol: 0, atol: 1e-6 * scale } : { rtol: backward, atol: 0 };
    await expectScaledClose(actual, value, tolerance, `${variant.name}: gradient of ${key}`);
  }
  const extra = [...found.keys()].filter((key) => !wanted.has(key));
  expect(extra).toEqual([]);
  return wanted.size;
}

async function compareOutputs(loaded: Loaded, { expected }: ReferenceCase, variant: Variant): Promise<void> {
  const pixels = inputPixels(expected);
  const x0 = loaded.backbone.stem.apply(pixels, inference);
  pixels.dispose();
  const states = runStates(loaded.backbone.subBlocks, x0, inference, {
    coefficients: variant.coefficients,
    method: { name: 'conventional' },
  });
  x0.dispose();
  for (const [name, state] of [
    ['embeddings', states[0]!],
    ['x_n_minus_1', states.at(-2)!],
    ['x_n', states.at(-1)!],
  ] as const) {
    const wanted = expected.get(`${variant.name}/${name}`);
    if (wanted) await expectScaledClose(state, wanted, forward, `${variant.name}: ${name}`);
  }
  dispose(states);
}

const backends = await testBackends();

describe.each(backends)('$name', ({ name: backend, available, start }) => {
  // Software WebGPU compiles its shaders for seconds: one architecture there.
  const cases = backend === 'webgpu' ? (['dinov2-hf'] as const) : classifierCases;
  describe.skipIf(!available).each(cases)('%s', (name) => {
    const data = referenceCase(name);
    if (!data) {
      test.skip('its reference is not here');
      return;
    }
    describe.each(data.variants)('$name', (variant) => {
      let loaded: Loaded;
      let before: number;
      beforeAll(async () => {
        await start();
        before = memory().numTensors;
        const backbone = await loadBackbone(data.folder);
        loaded = { backbone, head: pretrainedHead(backbone) };
      });
      afterAll(() => {
        loaded.backbone.dispose();
        loaded.head.dispose();
        expect(memory().numTensors).toBe(before);
      });

      test('states', () => expectNoLeak(() => compareOutputs(loaded, data, variant)));

      const methods: Method[] = [{ name: 'conventional' }];
      // The rebuild's own error stays under the tolerance where β is large and the network is shallow.
      if (variant.coefficients.beta >= 0.9) methods.push({ name: 'reversible' });
      if (variant.coefficients.beta > 0) methods.push({ name: 'checkpoint' });
      test.each(methods)('logits, loss and every gradient by $name', (method) =>
        expectNoLeak(async () => {
          const { loss, output, found } = allGradients(loaded, data, variant, method);
          await expectScaledClose(output, reference(data.expected, `${variant.name}/logits`), forward, 'logits');
          await expectScaledClose(
            loss,
            reference(data.expected, `${variant.name}/loss`),
            { rtol: 0, atol: 1e-5 },
            'loss',
          );
          const compared = await compareGradients(found, data, variant);
          expect(compared).toBeGreaterThan(30);
          dispose([loss, output, ...found.values()]);
        }),
      );
    });
  });
});
