/** Swins of transformers and timm against float64: logits, loss, stage maps, previous states, and every gradient, by every method. */
import { type Method, runStates } from '@dr2net/core';
import { inference, type Parameter, type Sink, softTargets, trainingContext } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, type ReferenceTensor, testBackends } from '@dr2net/testing';
import { dispose, memory, type Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  applyClassifier,
  type ClassificationHead,
  channelsFirst,
  gradients,
  loadSwin,
  pretrainedHead,
  type SwinBackbone,
} from '../src/index.ts';
import { inputPixels, type ReferenceCase, reference, referenceCase, type Variant } from './cases.ts';

const forward = { rtol: 2e-5, atol: 0 };
const backward = 1e-4;

interface Loaded {
  readonly backbone: SwinBackbone;
  readonly head: ClassificationHead;
}

/** Half of them with layers that work in parts. WebGPU cannot read the range of the states while a run is traced. */
const waysOf = (beta: number, fractionBits: number | 'auto'): { method: Method; name: string; chunks: number }[] => {
  const methods: [Method, number][] = [
    [{ name: 'conventional' }, 1],
    [{ name: 'checkpoint' }, 3],
  ];
  if (beta > 0) methods.push([{ name: 'reversible' }, 1], [{ name: 'exact', verify: true, fractionBits }, 3]);
  return methods.map(([method, chunks]) => ({ method, name: method.name, chunks }));
};

/** One backward pass; the gradients by checkpoint key. */
function step(
  { backbone, head }: Loaded,
  { expected }: ReferenceCase,
  variant: Variant,
  method: Method,
  chunks: number,
) {
  const found = new Map<string, Tensor>();
  const sink: Sink = (parameter: Parameter, gradient: Tensor) => {
    const owner = head.parameters.includes(parameter) ? head : backbone;
    for (const { key, tensor } of owner.toCheckpoint(parameter, gradient)) {
      expect(found.has(key), `${key} arrives once`).toBe(false);
      found.set(key, tensor);
    }
    gradient.dispose();
  };
  const pixels = inputPixels(expected);
  const targets = softTargets(Array.from(reference(expected, 'input.labels').data), head.classes);
  const { pixels: dPixels, ...rest } = gradients(backbone, head, pixels, targets, {
    ...{ coefficients: variant.coefficients, method, context: trainingContext(1, 0, { chunks }), sink },
    pixelGradient: true,
  });
  found.set('input.pixel_values', channelsFirst(dPixels!));
  dispose([pixels, targets, dPixels!]);
  return { ...rest, found };
}

/** The largest gradient of the network: true zeros are compared with it. */
function scaleOf(tensors: Iterable<ReferenceTensor>): number {
  let scale = 0;
  for (const { data } of tensors) for (let i = 0; i < data.length; i++) scale = Math.max(scale, Math.abs(data[i]!));
  return scale;
}

async function compareGradients(found: ReadonlyMap<string, Tensor>, { expected }: ReferenceCase, { name }: Variant) {
  const prefix = `${name}/grad/`;
  const wanted = [...expected].filter(([key]) => key.startsWith(prefix));
  const scale = scaleOf(wanted.map(([, value]) => value));
  expect(wanted.length).toBeGreaterThan(100);
  expect(found.size).toBe(wanted.length);
  for (const [key, value] of wanted) {
    const actual = found.get(key.slice(prefix.length));
    if (!actual) throw new Error(`No gradient of ${key}.`);
    // The bias of the keys has a true gradient of 0.
    const tolerance = key.endsWith('key.bias')
      ? { rtol: 0, atol: 1e-6 * scale }
      : { rtol: backward, atol: key.endsWith('qkv.bias') ? 1e-6 * scale : 0 };
    await expectScaledClose(actual, value, tolerance, key);
  }
}

async function compareStates({ backbone }: Loaded, { expected }: ReferenceCase, variant: Variant): Promise<void> {
  const pixels = inputPixels(expected);
  let x = backbone.stem.apply(pixels, inference);
  pixels.dispose();
  for (const [s, { subBlocks, merge }] of backbone.runs.entries()) {
    const options = { coefficients: variant.coefficients, method: { name: 'conventional' } } as const;
    const states = runStates(subBlocks, x, inference, options);
    x.dispose();
    const name = `${variant.name}/stage${s + 1}`;
    await expectScaledClose(states.at(-1)!, reference(expected, name), forward, name);
    const previous = expected.get(`${name}_previous_state`);
    expect(previous === undefined).toBe(variant.coefficients.beta === 0);
    if (previous) await expectScaledClose(states.at(-2)!, previous, forward, `${name}, the state before`);
    x = merge ? merge.apply(states.at(-1)!, inference) : x;
    dispose(states);
  }
}

describe.each(await testBackends())('$name', ({ name: backend, available, start }) => {
  // Software WebGPU compiles its shaders for seconds, and the cpu backend takes seconds a step: one library there.
  const libraries = { webgpu: ['swin-hf'], cpu: ['swin-timm'] } as Readonly<Record<string, string[]>>;
  const cases = libraries[backend] ?? ['swin-hf', 'swin-timm'];
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
        const backbone = await loadSwin(data.folder, { dropPath: 0 });
        expect(backbone.unused).toEqual([]);
        loaded = { backbone, head: pretrainedHead(backbone) };
      });
      afterAll(() => {
        loaded.backbone.dispose();
        loaded.head.dispose();
        expect(memory().numTensors).toBe(before);
      });

      test('stage maps and the states before them', () => expectNoLeak(() => compareStates(loaded, data, variant)));

      test('logits without gradients', () =>
        expectNoLeak(async () => {
          const pixels = inputPixels(data.expected);
          const options = { coefficients: variant.coefficients, method: { name: 'conventional' } } as const;
          const logits = applyClassifier(loaded.backbone, loaded.head, pixels, { ...options, context: inference });
          await expectScaledClose(logits, reference(data.expected, `${variant.name}/logits`), forward, 'logits');
          dispose([pixels, logits]);
        }));

      test.each(waysOf(variant.coefficients.beta, backend === 'webgpu' ? 22 : 'auto'))(
        'logits, loss and every gradient by $name in $chunks parts',
        ({ method, chunks }) =>
          expectNoLeak(async () => {
            const { loss, output, found, reports } = step(loaded, data, variant, method, chunks);
            expect(reports.length).toBe(4);
            for (const report of reports) await report.check();
            await expectScaledClose(output, reference(data.expected, `${variant.name}/logits`), forward, 'logits');
            // Under `exact` β is up to 2⁻¹⁶ from 0.6.
            const tolerance = { rtol: 0, atol: method.name === 'exact' ? 3e-5 : 1e-5 };
            await expectScaledClose(loss, reference(data.expected, `${variant.name}/loss`), tolerance, 'loss');
            await compareGradients(found, data, variant);
            dispose([loss, output, ...found.values()]);
          }),
      );
    });
  });
});
