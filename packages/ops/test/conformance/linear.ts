/** linear, linearGelu, gelu, channelScale against their definitions. */

import type { ChannelScaleKernel, GeluKernel } from '../../src/index.ts';
import type { LinearKernel } from '../../src/linear/index.ts';
import { type Check, checks, input, rowsOf } from './case.ts';
import type { Node, Tape } from './float64.ts';
import { type Implementation, implementations } from './implementations.ts';

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

export const linearChecks: Check[] = [
  ...implementations.linear.flatMap((of) => dense('linear', of, (_, y) => y)),
  ...implementations.linearGelu.flatMap((of) => dense('linearGelu', of, activated)),
  ...implementations.gelu.flatMap(activation),
  ...implementations.channelScale.flatMap(scales),
];
