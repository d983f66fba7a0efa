/** deformableAttention against its definition: maps of one cell and many, points inside, at the border, far outside, and all in one place. */
import { expectIdentical } from '@dr2net/testing/close';
import { expectNoLeak } from '@dr2net/testing/leaks';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { DeformableAttentionKernel } from '../../src/index.ts';
import { type Check, checkOf, checks, type Input, input } from './case.ts';
import type { Node, Tape } from './float64.ts';
import { type Implementation, implementations } from './implementations.ts';
import { generator, sizeOf } from './random.ts';

type Shapes = readonly (readonly [number, number])[];

interface Case {
  readonly name: string;
  readonly batch: number;
  readonly queries: number;
  readonly heads: number;
  /** Channels a head. */
  readonly width: number;
  readonly shapes: Shapes;
  readonly points: number;
  /** Of a random number 0 … 1. */
  readonly place?: (random: number) => number;
}

const inside = (random: number) => 0.05 + 0.9 * random;
const around = (random: number) => 1.6 * random - 0.3;
/** Every other one far away. */
const far = (random: number) => (random < 0.5 ? 2 * random : 1e9 * (random - 0.75));

const cases: readonly Case[] = [
  { name: 'one cell', batch: 1, queries: 1, heads: 1, width: 1, shapes: [[1, 1]], points: 1, place: inside },
  { name: 'one level, one point', batch: 2, queries: 3, heads: 2, width: 4, shapes: [[4, 5]], points: 1 },
  {
    name: 'three levels',
    batch: 2,
    queries: 7,
    heads: 3,
    width: 8,
    shapes: [
      [6, 5],
      [3, 3],
      [2, 1],
    ],
    points: 4,
  },
  {
    name: 'an odd width',
    batch: 1,
    queries: 5,
    heads: 2,
    width: 7,
    shapes: [
      [1, 9],
      [5, 1],
    ],
    points: 3,
  },
  {
    name: 'a wide head',
    batch: 1,
    queries: 2,
    heads: 1,
    width: 37,
    shapes: [
      [3, 4],
      [2, 2],
    ],
    points: 2,
  },
  {
    name: 'far outside',
    batch: 1,
    queries: 9,
    heads: 2,
    width: 4,
    shapes: [
      [4, 4],
      [2, 3],
    ],
    points: 2,
    place: far,
  },
  {
    name: 'all in one place',
    ...{
      batch: 1,
      queries: 90,
      heads: 1,
      width: 4,
      shapes: [[3, 3]],
      points: 3,
      place: (random) => 0.4 + 0.1 * random,
    },
  },
  {
    name: 'many queries',
    batch: 2,
    queries: 75,
    heads: 2,
    width: 4,
    shapes: [
      [9, 11],
      [4, 5],
    ],
    points: 2,
  },
];

const levelsOf = ({ shapes }: Case) => shapes.map(([height, width]) => height * width).reduce((a, b) => a + b);

function define(
  { batch, queries, heads, width, shapes, points }: Case,
  tape: Tape,
  value: Node[],
  at: Node[],
  weights: Node[],
) {
  const channels = heads * width;
  const sources = value.length / batch / channels;
  const outputs: Node[] = [];
  for (let unit = 0; unit < batch * queries * heads; unit++) {
    const [b, h] = [Math.floor(unit / heads / queries), unit % heads];
    const terms: Node[][] = Array.from({ length: width }, () => [tape.input(0)]);
    let start = 0;
    for (const [level, [down, across]] of shapes.entries()) {
      for (let k = 0; k < points; k++) {
        const n = (unit * shapes.length + level) * points + k;
        const x = tape.plus(tape.times(at[2 * n]!, across), -0.5);
        const y = tape.plus(tape.times(at[2 * n + 1]!, down), -0.5);
        for (let cy = 0; cy < down; cy++)
          for (let cx = 0; cx < across; cx++) {
            const [dx, dy] = [tape.value(x) - cx, tape.value(y) - cy];
            if (Math.abs(dx) >= 1 || Math.abs(dy) >= 1) continue;
            const share = (p: Node, c: number, d: number) =>
              tape.plus(tape.times(p, -Math.sign(d)), 1 + Math.sign(d) * c);
            const factor = tape.mul(weights[n]!, tape.mul(share(x, cx, dx), share(y, cy, dy)));
            const row = (b * sources + start + cy * across + cx) * channels + h * width;
            for (let c = 0; c < width; c++) terms[c]!.push(tape.mul(factor, value[row + c]!));
          }
      }
      start += down * across;
    }
    outputs.push(...terms.map((list) => tape.sum(list)));
  }
  return outputs;
}

function inputsOf(of: Case, seed: number) {
  const { batch, queries, heads, width, shapes, points, place = around } = of;
  const next = generator(seed);
  const shape = [batch, queries, heads, shapes.length, points];
  const locations: Input = {
    shape: [...shape, 2],
    values: Float32Array.from({ length: 2 * sizeOf(shape) }, () => place(next())),
  };
  return {
    value: input([batch, levelsOf(of), heads * width], seed + 1),
    locations,
    weights: input(shape, seed + 2, 0.5),
  };
}

const wrongNumbers = [
  ['locations', Number.NaN],
  ['locations', Infinity],
  ['weights', Number.NaN],
] as const;

/** A number that is not finite is never lost: its query and head show it, wherever it points, and so does the gradient of its weight. */
function notFinite(of: Implementation<DeformableAttentionKernel>): Check {
  return checkOf(of, 'deformableAttention shows what is not finite', () =>
    expectNoLeak(async () => {
      const value = tensor(input([1, 6, 8], 1).values, [1, 6, 8]);
      for (const [name, wrong] of wrongNumbers)
        for (const place of [0.4, 7]) {
          const numbers = { locations: new Float32Array(8).fill(place), weights: new Float32Array(4).fill(1) };
          numbers[name][name === 'locations' ? 5 : 2] = wrong;
          const locations = tensor(numbers.locations, [1, 2, 2, 1, 1, 2]);
          const weights = tensor(numbers.weights, [1, 2, 2, 1, 1]);
          const { value: y, pullback } = of.kernel.trace(value, locations, weights, { shapes: [[2, 3]] });
          const { weights: gradient } = pullback(y, { weights: true });
          // The second query's first head.
          const show = async (x: Tensor, expected: (i: number) => boolean) => {
            const shown = Array.from(await x.data(), (v) => !Number.isFinite(v));
            if (shown.some((lost, i) => lost !== expected(i)))
              throw new Error(`${name} ${wrong} at ${place}: ${shown}`);
          };
          await show(y, (i) => i >= 8 && i < 12);
          if (name === 'locations') await show(gradient!, (i) => i === 2);
          dispose([locations, weights, y, gradient!]);
        }
      value.dispose();
    }),
  );
}

/** At the size of a small picture: the gradients have the same bits in every run, though many points add to one cell. */
function sameBits(of: Implementation<DeformableAttentionKernel>): Check {
  return checkOf(of, 'deformableAttention gives the same bits in every run', () =>
    expectNoLeak(async () => {
      const shapes = [
        [14, 14],
        [7, 7],
        [4, 4],
      ] as const;
      const sizes: Case = {
        name: '',
        batch: 2,
        queries: 60,
        heads: 4,
        width: 8,
        shapes,
        points: 4,
        place: (r) => 0.4 + r * r,
      };
      const made = Object.values(inputsOf(sizes, 77)).map(({ values, shape }) => tensor(values, [...shape]));
      const [value, locations, weights] = made as [Tensor, Tensor, Tensor];
      const dy = tensor(input([2, 60, 32], 78).values, [2, 60, 32]);
      const run = () => {
        const { value: y, pullback } = of.kernel.trace(value, locations, weights, { shapes });
        return { y, ...pullback(dy) };
      };
      const first = run();
      for (let i = 0; i < 3; i++) {
        const later = run();
        for (const [name, tensor] of Object.entries(later)) await expectIdentical(tensor, first[name as 'y'], name);
        dispose(later);
      }
      dispose([...made, dy, first]);
    }),
  );
}

export const deformableChecks: readonly Check[] = implementations.deformableAttention.flatMap((of) => [
  ...cases.flatMap((sizes, i) => {
    const { batch, queries, heads, width, shapes } = sizes;
    return checks({
      of,
      name: `deformableAttention, ${sizes.name}`,
      inputs: inputsOf(sizes, 500 + 10 * i),
      shape: [batch, queries, heads * width],
      apply: ({ value, locations, weights }) => of.kernel.apply(value, locations, weights, { shapes }),
      trace: ({ value, locations, weights }) => of.kernel.trace(value, locations, weights, { shapes }),
      define: (tape, { value, locations, weights }) => define(sizes, tape, value, locations, weights),
    });
  }),
  notFinite(of),
  sameBits(of),
]);
