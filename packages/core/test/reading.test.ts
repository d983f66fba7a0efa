/** Sub-blocks and the head read what is given to them in the place of states. */
import '@tensorflow/tfjs';
import { inference, trainingContext } from '@dr2net/ops';
import { expectClose, expectNoLeak } from '@dr2net/testing';
import { add, dispose, keep, mul, onesLike, setBackend, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  applyRun,
  methodNames,
  type RunOptions,
  RunShapeError,
  runStates,
  type SubBlock,
  traceRun,
} from '../src/index.ts';
import { gradientsOf } from './gradients.ts';
import { asSubBlocks, small } from './small.ts';

let network: ReturnType<typeof asSubBlocks>;

beforeAll(() => setBackend('cpu'));
beforeEach(() => {
  network = asSubBlocks(small(11, 4, 8, new Array(4).fill(undefined)));
});
afterEach(() => network.dispose());

describe.each(methodNames)('by %s', (name) => {
  const options: RunOptions = { coefficients: { alpha: 0.5, beta: 0.5 }, method: { name } };

  test('sees what each sub-block and the head read', () =>
    expectNoLeak(async () => {
      const { subBlocks, x0 } = network;
      const states = runStates(subBlocks, x0, inference, options);
      for (const run of [traceRun, applyRun]) {
        const seen = new Map<number | 'head', Tensor>();
        const onRead = (x: Tensor, reader: number | 'head') => {
          seen.get(reader)?.dispose();
          seen.set(reader, keep(x.clone()));
          return undefined;
        };
        const made = run(subBlocks, x0, inference, { ...options, onRead });
        expect([...seen.keys()]).toEqual([0, 1, 2, 3, 'head']);
        // `exact` has them on its grid.
        for (const [i, x] of [...seen.values()].entries())
          await expectClose(x, states[i]!, { rtol: 0, atol: name === 'exact' ? 1e-5 : 1e-6 }, `state ${i}`);
        if ('pullback' in made) made.pullback.dispose();
        dispose(['pullback' in made ? made.value : made, ...seen.values()]);
      }
      dispose(states);
    }));

  test('F_i is evaluated, forward and back, at what is given to it, and the head gets what is given to it', () =>
    expectNoLeak(async () => {
      const { subBlocks, x0, cotangent } = network;
      // At 0 everywhere: each F_i is a constant, and weights that multiply its argument get no gradient.
      const onRead = (x: Tensor) => zeros(x.shape);
      const found = await gradientsOf(subBlocks, x0, cotangent, { ...options, onRead });
      expect((await found.value.data()).every((number) => number === 0)).toBe(true);
      for (const [{ name: own }, gradient] of found.parameters) {
        const largest = Math.max(...(await gradient.data()).map(Math.abs));
        if (own.endsWith('.w')) expect(largest, own).toBe(0);
        else expect(largest, own).toBeGreaterThan(0);
      }
      expect(found.parameters.size > 0).toBe(name !== 'frozen');
      expect(found.x0 === undefined).toBe(name === 'frozen');
      found.dispose();
      const applied = applyRun(subBlocks, x0, inference, { ...options, onRead });
      expect((await applied.data()).every((number) => number === 0)).toBe(true);
      applied.dispose();
    }));

  test.each([0, 2, 'head'] as const)(
    'another shape for %s, or an error, is refused, and nothing is left behind',
    (refused) =>
      expectNoLeak(() => {
        const { subBlocks, x0 } = network;
        const wrong = (_: Tensor, reader: number | 'head') => (reader === refused ? zeros([1, 2]) : undefined);
        const failing = (_: Tensor, reader: number | 'head') => {
          if (reader === refused) throw new Error('not read');
          return undefined;
        };
        for (const run of [traceRun, applyRun]) {
          expect(() => run(subBlocks, x0, inference, { ...options, onRead: wrong })).toThrow(RunShapeError);
          expect(() => run(subBlocks, x0, inference, { ...options, onRead: failing })).toThrow('not read');
        }
      }),
  );
});

test('what a sub-block does in one step reads what is given, too; α and β scale the states', () =>
  expectNoLeak(async () => {
    const { x0, cotangent } = network;
    const asked: string[] = [];
    /** F(x) = x², so that its gradient tells where it was evaluated. */
    const square: SubBlock = {
      name: 'square',
      parameters: [],
      apply: (x) => mul(x, x),
      trace: () => {
        throw new Error('evaluated in two steps');
      },
      applyWithResidual: (x, _, terms) => {
        asked.push('applyWithResidual');
        return tidy(() => add(mul(x, x), add(mul(terms.x, terms.alpha), mul(terms.previous, terms.beta))));
      },
      revisit: (x, dy) => {
        asked.push('revisit');
        return { value: mul(x, x), gradient: tidy(() => mul(dy, mul(x, 2))) };
      },
    };
    const onRead = (x: Tensor, reader: number | 'head') => (reader === 'head' ? undefined : onesLike(x));
    const options: RunOptions = { coefficients: { alpha: 0.5, beta: 0.25 }, method: { name: 'reversible' }, onRead };
    const traced = traceRun([square], x0, trainingContext(1, 0, { chunks: 2 }), options);
    const { x0: dx } = traced.pullback(cotangent, () => {});
    const [value, gradient] = tidy(() => [add(mul(x0, 0.75), 1), mul(cotangent, 2.75)]) as [Tensor, Tensor];
    await expectClose(traced.value, value, { rtol: 1e-6, atol: 1e-6 }, 'value');
    await expectClose(dx!, gradient, { rtol: 1e-6, atol: 1e-6 }, 'gradient');
    expect(asked).toEqual(['applyWithResidual', 'revisit']);
    dispose([traced.value, dx!, value, gradient]);
  }));
