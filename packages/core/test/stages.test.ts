/**
 * A hierarchical backbone, as Swin is: one run a stage and an ordinary op between them, in sub-blocks with LayerScale, dropout and
 * stochastic depth. Held against TensorFlow.js's tape over the recurrence written out, with the same masks.
 */
import '@tensorflow/tfjs';
import { type Context, dropoutMask, Parameter, trainingContext } from '@dr2net/ops';
import { expectNoLeak, expectScaledClose, testBackends } from '@dr2net/testing';
import { add, matMul, mul, reshape, sum, type Tensor, tanh, tensor, tidy, variableGrads } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Coefficients,
  differentiableRun,
  ExactScale,
  fromFunction,
  type Method,
  type RunOptions,
  type TensorFunction,
  traceRun,
} from '../src/index.ts';
import { numbers } from './small.ts';

/** Rows and width of the stages; four rows of the first are one of the second. */
const stages = [
  [16, 6],
  [4, 12],
] as const;
const depth = 5;

const f: TensorFunction = (x, [w, scale], context) => {
  const [rows] = x.shape as [number, number];
  const dropped = mul(tanh(matMul(x, w!)), dropoutMask(x.shape, 0.3, context.child('dropout').seed));
  return mul(mul(dropped, scale!), dropoutMask([rows, 1], 0.25, context.child('path').seed));
};

function build() {
  const draw = numbers(31);
  const parameter = (name: string, shape: number[], size: number) =>
    new Parameter(
      name,
      tensor(
        draw(
          shape.reduce((a, b) => a * b, 1),
          size,
        ),
        shape,
      ),
    );
  const runs = stages.map(([, width], s) =>
    Array.from({ length: depth }, (_, i) => {
      const own = [parameter(`stage${s}.${i}.w`, [width, width], 0.7), parameter(`stage${s}.${i}.scale`, [width], 1)];
      return fromFunction(`stage ${s}, block ${i}`, f, own);
    }),
  );
  const mix = parameter('merge', [4 * stages[0][1], stages[1][1]], 0.5);
  const merge = fromFunction('merge', (x, [m]) => matMul(reshape(x, [stages[1][0], 4 * stages[0][1]]), m!), [mix]);
  const [x0, cotangent] = [tensor(draw(96), [16, 6]), tensor(draw(48), [4, 12])];
  return { runs, merge, x0, cotangent, parameters: [...runs.flat().flatMap((block) => block.parameters), mix] };
}

const context = trainingContext(4, 2);
const stageContext = (s: number): Context => context.child(`stage ${s}`);

describe.each(await testBackends(['cpu', 'wasm', 'node']))('$name', ({ available, start }) => {
  describe.skipIf(!available)('two stages', () => {
    let net: ReturnType<typeof build>;
    beforeAll(async () => {
      await start();
      net = build();
    });
    afterAll(() => {
      for (const item of [...net.parameters, net.x0, net.cotangent]) item.dispose();
    });

    /** Σ output·cotangent and its gradients by the tape, from an output that is a function of the variables. */
    const byTape = (output: () => Tensor) => variableGrads(() => sum(mul(output(), net.cotangent)).asScalar());

    /** The recurrence as it is written, in ordinary ops. */
    const plain = ({ alpha, beta }: Coefficients) =>
      byTape(() => {
        let x: Tensor = net.x0;
        for (const [s, blocks] of net.runs.entries()) {
          let previous = x;
          for (const [i, block] of blocks.entries()) {
            const weights = block.parameters.map(({ variable }) => variable);
            const next = add(add(f(x, weights, stageContext(s).child(i)), mul(x, alpha)), mul(previous, beta));
            [previous, x] = [x, next];
          }
          if (s === 0) x = matMul(reshape(x, [4, 24]), net.parameters.at(-1)!.variable);
        }
        return x;
      });

    test.each<[Method, Coefficients]>([
      [
        { name: 'exact', verify: true },
        { alpha: 63 / 64, beta: 1 / 64 },
      ],
      [
        { name: 'exact', verify: true },
        { alpha: 0.75, beta: -0.375 },
      ],
      [{ name: 'reversible' }, { alpha: 0.5, beta: 0.5 }],
      [
        { name: 'checkpoint', every: 2 },
        { alpha: 1, beta: 0 },
      ],
    ])('%o: gradients by sinks, and by the tape over differentiable runs', async (method, coefficients) => {
      const expected = plain(coefficients);
      const tolerance = { rtol: 1e-4, atol: 1e-5 };
      const scales = stages.map(() => new ExactScale());
      const options = (s: number): RunOptions => ({ coefficients, method, scale: scales[s]! });
      const compare = async (found: ReadonlyMap<string, Tensor>) => {
        expect(found.size).toBe(net.parameters.length);
        for (const { variable } of net.parameters)
          await expectScaledClose(found.get(variable.name)!, expected.grads[variable.name]!, tolerance, variable.name);
      };

      await expectNoLeak(async () => {
        const first = traceRun(net.runs[0]!, net.x0, stageContext(0), options(0));
        const between = net.merge.trace(first.value, context);
        const second = traceRun(net.runs[1]!, between.value, stageContext(1), options(1));
        const loss = tidy(() => sum(mul(second.value, net.cotangent)));
        await expectScaledClose(loss, expected.value, tolerance, 'loss');
        loss.dispose();
        const gradients = new Map<string, Tensor>();
        const sink = (parameter: Parameter, gradient: Tensor) => gradients.set(parameter.variable.name, gradient);
        const { x0: second0 } = second.pullback(net.cotangent, sink);
        const d = between.pullback(second0!, sink);
        const { x0: first0 } = first.pullback(d, sink);
        await compare(gradients);
        for (const run of [first, second])
          expect(await run.report.check()).toMatchObject(method.name === 'exact' ? { identical: true } : {});
        for (const t of [first.value, between.value, second.value, second0!, d, first0!, ...gradients.values()])
          t.dispose();
      });

      const merge = net.parameters.at(-1)!;
      const { value, grads } = byTape(() => {
        const middle = differentiableRun(net.runs[0]!, net.x0, stageContext(0), options(0));
        const merged = matMul(reshape(middle, [4, 24]), merge.variable);
        return differentiableRun(net.runs[1]!, merged, stageContext(1), options(1));
      });
      await compare(new Map(Object.entries(grads)));
      for (const t of [value, expected.value, ...Object.values(grads), ...Object.values(expected.grads)]) t.dispose();
    });
  });
});
