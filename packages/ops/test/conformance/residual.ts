/** dualResidual and dropoutMask. */
import { expectIdentical, expectScaledClose } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { add, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { dropoutMask, dualResidual } from '../../src/index.ts';
import { type Check, checkOf } from './case.ts';
import { implementations } from './implementations.ts';
import { normals } from './random.ts';

const shape = [2, 3, 7];
const [F, X, P] = [1, 2, 3].map((seed) => normals(shape, seed)) as [Float32Array, Float32Array, Float32Array];

async function withStates(body: (f: Tensor, x: Tensor, previous: Tensor) => Promise<Tensor[]>): Promise<void> {
  await expectNoLeak(async () => {
    const [f, x, previous] = [F, X, P].map((values) => tensor(values, shape)) as [Tensor, Tensor, Tensor];
    const made = await body(f, x, previous);
    for (const t of [...made, f, x, previous]) t.dispose();
  });
}

const pairs = [
  [1, 0],
  [0, 1],
  [0.5, 0.6],
  [1, -1],
  [0, 0],
  [63 / 64, 1 / 64],
  [-0.5, -0.25],
];

const recurrences: Check[] = implementations.dualResidual.flatMap((of) =>
  pairs.map(([alpha, beta]) =>
    checkOf(of, `dualResidual α = ${alpha}, β = ${beta}`, () =>
      withStates(async (f, x, previous) => {
        const coefficients = { alpha: alpha!, beta: beta! };
        const next = of.kernel.update(f, x, previous, coefficients);
        const expected = Float64Array.from(F, (value, i) => value + alpha! * X[i]! + beta! * P[i]!);
        await expectScaledClose(next, { shape, data: expected }, { rtol: 1e-6, atol: 1e-7 }, 'update');
        if (beta === 0) return [next];
        const back = of.kernel.inverse(next, f, x, coefficients);
        const limit = { rtol: 1e-6 / Math.abs(beta!), atol: 1e-7 };
        await expectScaledClose(back, { shape, data: P }, limit, 'inverse');
        return [next, back];
      }),
    ),
  ),
);

const pretrained: Check = {
  name: 'dualResidual α = 1, β = 0 is x + f bit for bit, and does not touch the previous state',
  run: () =>
    withStates(async (f, x, previous) => {
      const plain = add(x, f);
      const gone = tidy(() => add(previous, 0));
      gone.dispose();
      const next = dualResidual.update(f, x, gone, { alpha: 1, beta: 0 });
      await expectIdentical(next, plain);
      return [plain, next];
    }),
};

const notInvertible: Check = {
  name: 'dualResidual.inverse refuses β = 0',
  run: () =>
    withStates(async (f, x, previous) => {
      let thrown: unknown;
      try {
        dualResidual.inverse(previous, f, x, { alpha: 1, beta: 0 });
      } catch (error) {
        thrown = error;
      }
      if (!(thrown instanceof RangeError)) throw new Error(`it threw ${thrown}`);
      return [];
    }),
};

/** What seed 42 gave when the generator was written: the mask of a seed never changes, on no backend. */
const firstOfSeed42 = '1111100111010011';

const masks: Check = {
  name: 'dropoutMask: the same for a seed everywhere, kept values scaled, the rate kept',
  run: () =>
    expectNoLeak(async () => {
      const mask = dropoutMask([100, 100], 0.25, 42);
      const values = await mask.data();
      const kept = values.filter((value) => value !== 0);
      if (kept.some((value) => value !== Math.fround(1 / 0.75))) throw new Error('a kept value is not 1/(1 − rate)');
      if (Math.abs(kept.length / values.length - 0.75) > 0.015) throw new Error(`${kept.length} of 10000 kept`);
      const first = Array.from(values.slice(0, 16), (value) => (value === 0 ? '0' : '1')).join('');
      if (first !== firstOfSeed42) throw new Error(`the mask of seed 42 begins with ${first}`);
      const other = dropoutMask([100, 100], 0.25, 43);
      const differing = (await other.data()).filter((value, i) => value !== values[i]).length;
      if (differing < 3000) throw new Error(`only ${differing} of 10000 differ between two seeds`);
      mask.dispose();
      other.dispose();
    }),
};

/** Three terms; sizes that are whole vectors and workgroups, and that are not. */
const sums: Check[] = implementations.accumulate.flatMap((of) =>
  [[1], [8, 64], [3, 7, 29]].map((size, k) =>
    checkOf(of, `accumulate [${size}]`, () =>
      expectNoLeak(async () => {
        const terms = [0, 1, 2].map((i) => normals(size, 700 + 10 * k + i));
        const [first, ...rest] = terms.map((values) => tensor(values, size)) as [Tensor, ...Tensor[]];
        const sum = rest.reduce((total, term) => of.kernel(total, term), first);
        const data = Float64Array.from(terms[0]!, (_, i) => Math.fround(terms[0]![i]! + terms[1]![i]!) + terms[2]![i]!);
        await expectScaledClose(sum, { shape: size, data }, { rtol: 1e-7, atol: 1e-7 }, 'the sum');
        sum.dispose();
      }),
    ),
  ),
);

export const residualChecks: Check[] = [...recurrences, pretrained, notInvertible, masks, ...sums];
