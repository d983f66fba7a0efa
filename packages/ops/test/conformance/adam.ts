/** Adam's step against its definition, on several parameters at once and over steps. */
import { expectScaledClose } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { AdamKernel, AdamStepped } from '../../src/index.ts';
import type { Check } from './case.ts';
import { type Implementation, implementations } from './implementations.ts';
import { normals } from './random.ts';

/** One element, and sizes around what a workgroup has. */
const shapes = [[1], [257], [3, 5], [16, 16], [1000], [2, 3, 7], [511], [4]];
const betas = [0.9, 0.99] as const;
const epsilon = 1e-3;

const check = ({ kernel, label, here }: Implementation<AdamKernel>): Check => ({
  name: `adam${label ? ` (${label})` : ''}: three steps of ${shapes.length} parameters`,
  async run() {
    if (!here()) return;
    await expectNoLeak(async () => {
      const expected = shapes.map((shape, i) => {
        const value = [...normals(shape, 400 + i)];
        return { value, m: value.map(() => 0), v: value.map(() => 0) };
      });
      let values: Tensor[] = shapes.map((shape, i) => tensor(expected[i]!.value, shape));
      let moments: Pick<AdamStepped, 'm' | 'v'>[] = [];
      for (let t = 1; t <= 3; t++) {
        const gradients = shapes.map((shape, i) => normals(shape, 10 * t + i, 0.5 * (i + 1)));
        const items = shapes.map((shape, i) => ({
          ...{ value: values[i]!, gradient: tensor(gradients[i]!, shape), ...moments[i] },
          ...{ keep: 1 - 1e-3 * i, rate: 1e-2 / t, epsilon },
        }));
        const stepped = kernel.step(items, betas);
        for (const [i, own] of expected.entries()) {
          for (const [k, g] of gradients[i]!.entries()) {
            own.m[k] = betas[0] * own.m[k]! + (1 - betas[0]) * g;
            own.v[k] = betas[1] * own.v[k]! + (1 - betas[1]) * g * g;
            own.value[k] =
              items[i]!.keep * own.value[k]! - (items[i]!.rate * own.m[k]!) / (Math.sqrt(own.v[k]!) + epsilon);
          }
          // Read at every step: what the host knows of a moment must not outlive the next one.
          for (const name of ['value', 'm', 'v'] as const) {
            const reference = { shape: shapes[i]!, data: own[name] };
            await expectScaledClose(
              stepped[i]![name],
              reference,
              { rtol: 2e-6, atol: 1e-7 },
              `step ${t}, ${name} ${i}`,
            );
          }
        }
        dispose([values, items.map(({ gradient }) => gradient)]);
        values = stepped.map(({ value }) => value);
        moments = stepped;
      }
      dispose([values, moments.map(({ m, v }) => [m, v])]);
    });
  },
});

export const adamChecks: Check[] = implementations.adam.map(check);
