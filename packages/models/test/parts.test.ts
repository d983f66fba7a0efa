/**
 * Sub-blocks in parts (`chunks`): the same network and the same gradients as whole, under every method, with LayerScale, dropout and
 * stochastic depth on the way; and what is rebuilt is what was.
 */
import { ExactScale, type Method, traceRun } from '@dr2net/core';
import { type Sink, softTargets, trainingContext } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, testBackends } from '@dr2net/testing';
import { randomUniform, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createBackbone, gradients, newHead, type TransformerBackbone } from '../src/index.ts';
import { tinyConfig } from './fixtures.ts';

const methods: [Method, { alpha: number; beta: number }][] = [
  [{ name: 'conventional' }, { alpha: 1, beta: 0 }],
  [
    { name: 'checkpoint', every: 2 },
    { alpha: 0.4, beta: 0.7 },
  ],
  [{ name: 'reversible' }, { alpha: 0.1, beta: 0.9 }],
  [
    { name: 'exact', verify: true },
    { alpha: 63 / 64, beta: 1 / 64 },
  ],
];

const layerScaled = { ...tinyConfig, model_type: 'dinov2', mlp_ratio: 2, layerscale_value: 0.5 };

async function step(backbone: TransformerBackbone, way: (typeof methods)[number], chunks: number) {
  const head = newHead(backbone, { classes: 3, seed: 2 });
  const pixels = randomUniform([2, 8, 8, 3], -1, 1, 'float32', 1);
  const targets = softTargets([0, 2], 3, 0.1);
  const found = new Map<string, Tensor>();
  const sink: Sink = ({ name }, gradient) => {
    expect(found.has(name), `${name} arrives once`).toBe(false);
    found.set(name, gradient);
  };
  const [method, coefficients] = way;
  const context = trainingContext(3, 0, { chunks });
  const scale = new ExactScale();
  const { loss, output, reports } = gradients(backbone, head, pixels, targets, {
    ...{ method, coefficients, context, sink, scaleOf: () => scale },
  });
  const { identical } = await reports[0]!.check();
  for (const item of [head, pixels, targets, output]) item.dispose();
  return { found, loss, identical };
}

describe.each(await testBackends())('$name', ({ available, start }) => {
  describe.skipIf(!available)('in parts as whole', () => {
    beforeAll(start);

    describe.each([
      ['plain', tinyConfig, {}],
      ['LayerScale, stochastic depth', layerScaled, { dropPath: 0.4 }],
      // Dropout's masks are of whole tensors here too: they stand behind what works in parts.
      ['dropout, stochastic depth', { ...tinyConfig, hidden_dropout_prob: 0.3 }, { dropPath: 0.4 }],
    ])('%s', (_, config, options) => {
      test.each(methods)('$name', (...way) =>
        expectNoLeak(async () => {
          const backbone = createBackbone(config, 1, options);
          const whole = await step(backbone, way, 1);
          // Of two heads and ten rows: parts of unequal size, and more of them than there are.
          for (const chunks of [2, 3, 64]) {
            const parts = await step(backbone, way, chunks);
            expect(parts.identical).toBe(whole.identical);
            await expectScaledClose(parts.loss, whole.loss, { rtol: 1e-5, atol: 1e-6 }, `loss in ${chunks} parts`);
            expect([...parts.found.keys()].sort()).toEqual([...whole.found.keys()].sort());
            for (const [name, gradient] of parts.found)
              await expectScaledClose(
                gradient,
                whole.found.get(name)!,
                { rtol: 2e-4, atol: 1e-6 },
                `${name}, ${chunks}`,
              );
            for (const item of [parts.loss, ...parts.found.values()]) item.dispose();
          }
          for (const item of [backbone, whole.loss, ...whole.found.values()]) item.dispose();
        }),
      );
    });

    describe.each(['skip', 'branch'] as const)('with a shift in the %s', (shift) => {
      test.each(methods)('$name', (method, coefficients) =>
        expectNoLeak(async () => {
          const backbone = createBackbone(tinyConfig, 1);
          const subBlocks = backbone.subBlocks.map((block) => ({ ...block, shift }));
          const [x0, p, dy] = [1, 2, 3].map((seed) => randomUniform([2, 5, 6], -1, 1, 'float32', seed)) as Tensor[];
          const walk = async (chunks: number) => {
            const found = new Map<string, Tensor>();
            const options = { method, coefficients, shift: p!, scale: new ExactScale() };
            const { value, pullback, report } = traceRun(subBlocks, x0!, trainingContext(1, 0, { chunks }), options);
            const gradient = pullback(dy!, ({ name }, part) => found.set(name, part));
            await report.check();
            return new Map([...found, ['value', value], ['x0', gradient.x0!], ['shift', gradient.shift!]]);
          };
          const [whole, parts] = [await walk(1), await walk(3)];
          expect([...parts.keys()].sort()).toEqual([...whole.keys()].sort());
          for (const [name, tensor] of parts)
            await expectScaledClose(tensor, whole.get(name)!, { rtol: 2e-4, atol: 1e-6 }, name);
          for (const item of [backbone, x0, p, dy, ...whole.values(), ...parts.values()]) item!.dispose();
        }),
      );
    });
  });
});
