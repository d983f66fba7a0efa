/** linear, linearGelu, gelu, channelScale against their definitions. */

import { expectScaledClose } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { type ChannelScaleKernel, type GeluKernel, linear } from '../../src/index.ts';
import type { LinearKernel } from '../../src/linear/index.ts';
import { withTrace } from '../../src/linear/shared.ts';
import { type Check, checks, input, rowsOf } from './case.ts';
import type { Node, Tape } from './float64.ts';
import { type Implementation, implementations } from './implementations.ts';
import { normals } from './random.ts';

function affine(tape: Tape, x: Node[], weight: Node[], bias: Node[] | undefined, width: number): Node[] {
  const columns = weight.length / width;
  return rowsOf(x, width).flatMap((row) =>
    Array.from({ length: columns }, (_, c) => {
      const product = tape.dot(
        row,
        row.map((_, k) => weight[k * columns + c]!),
      );
      return bias ? tape.add(product, bias[c]!) : product;
    }),
  );
}

/** x·Φ(x) */
const activated = (tape: Tape, x: Node): Node =>
  tape.mul(x, tape.plus(tape.times(tape.erf(tape.times(x, Math.SQRT1_2)), 0.5), 0.5));

const shapes = [
  { x: [1, 1], out: 1 },
  { x: [1, 1, 5], out: 3 },
  { x: [2, 7, 33], out: 31 },
  { x: [3, 17, 64], out: 40 },
  // Above one block of a product in every direction (rows, inner axis, columns), and no multiple of a tile.
  { x: [163, 387], out: 7 },
  { x: [2, 9], out: 517 },
];

function dense(name: string, of: Implementation<LinearKernel>, activate: (tape: Tape, x: Node) => Node): Check[] {
  const op = of.kernel;
  return shapes.flatMap(({ x: shape, out }, i) => {
    const width = shape.at(-1)!;
    const [x, weight, bias] = [input(shape, 10 + i), input([width, out], 20 + i, 0.5), input([out], 30 + i)];
    const value = [...shape.slice(0, -1), out];
    return [
      ...checks({
        of,
        name: `${name} [${shape}] → ${out}`,
        inputs: { x, weight, bias },
        shape: value,
        apply: (t) => op.apply(t.x, t.weight, t.bias),
        trace: (t) => op.trace(t.x, t.weight, t.bias),
        define: (tape, t) => affine(tape, t.x, t.weight, t.bias, width).map((y) => activate(tape, y)),
      }),
      ...checks({
        of,
        name: `${name} [${shape}] → ${out} without bias`,
        inputs: { x, weight },
        shape: value,
        apply: (t) => op.apply(t.x, t.weight),
        trace: (t) => op.trace(t.x, t.weight),
        define: (tape, t) => affine(tape, t.x, t.weight, undefined, width).map((y) => activate(tape, y)),
      }),
    ];
  });
}

function activation(of: Implementation<GeluKernel>): Check[] {
  const op = of.kernel;
  return [[1], [3, 5], [2, 3, 67]].flatMap((shape, i) =>
    checks({
      of,
      name: `gelu [${shape}]`,
      inputs: { x: input(shape, 40 + i, 2.5) },
      shape,
      apply: ({ x }) => op.apply(x),
      trace: ({ x }) => op.trace(x),
      define: (tape, { x }) => x.map((v) => activated(tape, v)),
    }),
  );
}

function scales(of: Implementation<ChannelScaleKernel>): Check[] {
  const op = of.kernel;
  return [
    [1, 1],
    [2, 5, 9],
    // More columns than a workgroup has lanes, more rows than one sums over.
    [3, 23, 70],
  ].flatMap((shape, i) =>
    checks({
      of,
      name: `channelScale [${shape}]`,
      inputs: { x: input(shape, 50 + i), gamma: input([shape.at(-1)!], 60 + i) },
      shape,
      apply: ({ x, gamma }) => op.apply(x, gamma),
      trace: ({ x, gamma }) => op.trace(x, gamma),
      define: (tape, { x, gamma }) => x.map((v, k) => tape.mul(v, gamma[k % gamma.length]!)),
    }),
  );
}

/** x·W + b + α·x_i + β·x_{i−1}; a state whose factor is 0 is not touched, so it may hold anything. */
const withResidual: Check[] = [
  { alpha: 1, beta: 0 },
  { alpha: 0.1, beta: 0.9 },
  { alpha: 0, beta: 1 },
  { alpha: -0.5, beta: 0.3 },
].flatMap(({ alpha, beta }, i) =>
  shapes.slice(0, 5).map(({ x: shape, out }, k) => ({
    name: `linear.applyWithResidual [${shape}] → ${out} at (${alpha}, ${beta})`,
    run: () =>
      expectNoLeak(async () => {
        const width = shape.at(-1)!;
        const sizes = [shape, [width, out], [out], [...shape.slice(0, -1), out], [...shape.slice(0, -1), out]];
        const values = sizes.map((size, j) => normals(size, 500 + 10 * k + j));
        if (alpha === 0) values[3]!.fill(Number.NaN);
        if (beta === 0) values[4]!.fill(Number.NaN);
        const tensors = values.map((data, j) => tensor(data, [...sizes[j]!]));
        const [x, weight, bias, state, previous] = tensors as [Tensor, Tensor, Tensor, Tensor, Tensor];
        const y = linear.applyWithResidual(x, weight, bias, { x: state, previous, alpha, beta });
        const data = Array.from(values[3]!, (_, at) => {
          const [row, column] = [Math.floor(at / out), at % out];
          let sum = values[2]![column]!;
          for (let j = 0; j < width; j++) sum += values[0]![row * width + j]! * values[1]![j * out + column]!;
          return sum + (alpha && alpha * values[3]![at]!) + (beta && beta * values[4]![at]!);
        });
        await expectScaledClose(y, { shape: sizes[3]!, data }, { rtol: 2e-5, atol: 1e-7 }, `value ${i}`);
        for (const used of [...tensors, y]) used.dispose();
      }),
  })),
);

/** A trace whose pullback is `linear.gradients`. */
const byGradients = withTrace({
  apply: linear.apply,
  gradients: (x, weight, dy, want) =>
    linear.gradients(x, weight, dy, { x: want('x'), weight: want('weight'), bias: want('bias') }),
});

export const linearChecks: Check[] = [
  ...dense('linear.gradients', { kernel: byGradients, here: () => true }, (_, y) => y),
  ...withResidual,
  ...implementations.linear.flatMap((of) => dense('linear', of, (_, y) => y)),
  ...implementations.linearGelu.flatMap((of) => dense('linearGelu', of, activated)),
  ...implementations.gelu.flatMap(activation),
  ...implementations.channelScale.flatMap(scales),
];
