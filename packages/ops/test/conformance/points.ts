/** Ops of point networks: maps of rows (grouping, interpolation), max over neighbours, ReLU, batch normalisation. */
import { add, concat, keep, reshape, split, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import {
  batchNorm,
  groupingMap,
  interpolationMap,
  mapRows,
  neighbourMax,
  once,
  type RowMap,
  relu,
} from '../../src/index.ts';
import { type Check, checks, input } from './case.ts';
import type { Node, Tape } from './float64.ts';

const maps: Record<string, RowMap> = {
  grouping: groupingMap({ points: 5, size: 3, neighbours: Int32Array.of(0, 0, 4, 2, 4, 4) }),
  'grouping of differences': groupingMap({
    points: 4,
    size: 2,
    neighbours: Int32Array.of(0, 3, 1, 1, 2, 0),
    centres: Int32Array.of(0, 1, 2),
  }),
  interpolation: interpolationMap(
    3,
    Int32Array.of(0, 1, 2, 2, 1, 0, 1, 0, 0),
    Float32Array.of(0.5, 0.25, 0.25, 1, 0, 0, 0.75, 0.25, 0),
  ),
};

const mapped = Object.entries(maps).flatMap(([name, map], i) =>
  [1, 6].flatMap((width) =>
    checks({
      name: `mapRows, ${name}, width ${width}`,
      inputs: { x: input([map.from, width], 400 + i) },
      shape: [map.rows, width],
      apply: ({ x }) => mapRows.apply(x, map),
      trace: ({ x }) => mapRows.trace(x, map),
      define: (tape, { x }) => {
        const { offsets, sources, weights } = map.forward;
        return Array.from({ length: map.rows * width }, (_, at) => {
          const [row, c] = [Math.floor(at / width), at % width];
          const terms: Node[] = [];
          for (let e = offsets[row]!; e < offsets[row + 1]!; e++)
            terms.push(tape.times(x[sources[e]! * width + c]!, weights[e]!));
          return tape.sum(terms);
        });
      },
    }),
  ),
);

/** Whole numbers: ties. */
const tied = (shape: readonly number[], seed: number) => {
  const made = input(shape, seed);
  return { shape, values: made.values.map((value) => Math.round(value)) };
};

const maxima = [
  { shape: [1, 1], ties: false },
  { shape: [3, 5, 4], ties: false },
  { shape: [2, 3, 8, 5], ties: true },
].flatMap(({ shape, ties }, i) => {
  const [size, width] = shape.slice(-2) as [number, number];
  return checks({
    name: `neighbourMax [${shape}]${ties ? ' with ties' : ''}`,
    inputs: { x: ties ? tied(shape, 410 + i) : input(shape, 410 + i) },
    shape: [...shape.slice(0, -2), width],
    apply: ({ x }) => neighbourMax.apply(x),
    trace: ({ x }) => neighbourMax.trace(x),
    define: (tape, { x }) =>
      Array.from({ length: x.length / size }, (_, at) => {
        const first = Math.floor(at / width) * size * width + (at % width);
        let best = x[first]!;
        for (let k = 1; k < size; k++)
          if (tape.value(x[first + k * width]!) > tape.value(best)) best = x[first + k * width]!;
        return best;
      }),
  });
});

const rectified = checks({
  name: 'relu [3, 7]',
  inputs: { x: tied([3, 7], 420) },
  shape: [3, 7],
  apply: ({ x }) => relu.apply(x),
  trace: ({ x }) => relu.trace(x),
  define: (tape, { x }) => x.map((value) => (tape.value(value) > 0 ? value : tape.input(0))),
});

const columns = (x: readonly Node[], width: number, c: number) => x.filter((_, i) => i % width === c);

function normalised(tape: Tape, x: Node[], gain: Node[], bias: Node[], statistics: { mean: Node; variance: Node }[]) {
  const width = gain.length;
  return x.map((value, i) => {
    const { mean, variance } = statistics[i % width]!;
    const centred = tape.div(tape.sub(value, mean), tape.sqrt(tape.plus(variance, 1e-3)));
    return tape.add(tape.mul(centred, gain[i % width]!), bias[i % width]!);
  });
}

type Inputs = Readonly<Record<'x' | 'gain' | 'bias', Tensor>>;

/** Rows 0 … 1 and the rest: their statistics merged, then each normalised; backwards their sums added up, then each gets its gradient. */
const inParts = {
  cut: (x: Tensor) => split(reshape(x, [-1, x.shape.at(-1)!]), [2, x.size / x.shape.at(-1)! - 2]),
  statistics: (x: Tensor) =>
    batchNorm.merge(inParts.cut(x).map((part) => ({ ...batchNorm.statistics(part), count: part.shape[0]! }))),
  apply: (x: Tensor, gain: Tensor, bias: Tensor) =>
    tidy(() => {
      const statistics = inParts.statistics(x);
      const normed = inParts.cut(x).map((part) => batchNorm.apply(part, gain, bias, statistics, 1e-3));
      return reshape(concat(normed), x.shape);
    }),
  trace(x: Tensor, gain: Tensor, bias: Tensor) {
    const kept = [keep(x.clone()), keep(gain.clone())] as const;
    const pullback = once('parts', kept, (dy: Tensor, wanted?: Partial<Record<'x' | 'gain' | 'bias', boolean>>) =>
      tidy(() => {
        const [own, factor] = kept;
        const statistics = inParts.statistics(own);
        const [parts, dys] = [inParts.cut(own), inParts.cut(dy)];
        const each = parts.map((part, i) => batchNorm.sums(part, dys[i]!, statistics, 1e-3));
        const sums = {
          gain: each.map((part) => part.gain).reduce((a, b) => add(a, b)),
          bias: each.map((part) => part.bias).reduce((a, b) => add(a, b)),
        };
        const batch = { sums, count: own.size / factor.size };
        const dx = parts.map((part, i) => batchNorm.gradient(part, dys[i]!, factor, statistics, batch, 1e-3));
        const all = { ...sums, x: reshape(concat(dx), own.shape) };
        return Object.fromEntries(
          Object.entries(all).filter(([name]) => wanted?.[name as 'x'] ?? wanted === undefined),
        );
      }),
    );
    return { value: inParts.apply(x, gain, bias), pullback };
  },
};

const norms = [
  [1, 4],
  [2, 3, 5],
].flatMap((shape, i) => {
  const width = shape.at(-1)!;
  const inputs = { x: input(shape, 430 + i, 2), gain: input([width], 440 + i), bias: input([width], 450 + i) };
  const running = { mean: input([width], 460 + i).values, variance: input([width], 470 + i).values.map(Math.abs) };
  const borrowed = <T>(use: (statistics: Parameters<typeof batchNorm.apply>[3]) => T): T => {
    const statistics = { mean: tensor(running.mean), variance: tensor(running.variance) };
    const result = use(statistics);
    statistics.mean.dispose();
    statistics.variance.dispose();
    return result;
  };
  return [
    ...checks({
      name: `batchNorm [${shape}] by running statistics`,
      inputs,
      shape,
      apply: ({ x, gain, bias }) => borrowed((statistics) => batchNorm.apply(x, gain, bias, statistics, 1e-3)),
      trace: ({ x, gain, bias }) => borrowed((statistics) => batchNorm.trace(x, gain, bias, statistics, 1e-3)),
      define: (tape, { x, gain, bias }) =>
        normalised(
          tape,
          x,
          gain,
          bias,
          Array.from(running.mean, (mean, c) => ({
            mean: tape.input(mean),
            variance: tape.input(running.variance[c]!),
          })),
        ),
    }),
    ...[
      {
        name: `batchNorm [${shape}] by the batch's statistics`,
        apply: ({ x, gain, bias }: Inputs) => {
          const statistics = batchNorm.statistics(x);
          const value = batchNorm.apply(x, gain, bias, statistics, 1e-3);
          statistics.mean.dispose();
          statistics.variance.dispose();
          return value;
        },
        trace: ({ x, gain, bias }: Inputs) => {
          const { statistics, ...traced } = batchNorm.traceBatch(x, gain, bias, 1e-3);
          statistics.mean.dispose();
          statistics.variance.dispose();
          return traced;
        },
      },
      {
        name: `batchNorm [${shape}] by the statistics of a batch in parts`,
        apply: ({ x, gain, bias }: Inputs) => inParts.apply(x, gain, bias),
        trace: ({ x, gain, bias }: Inputs) => inParts.trace(x, gain, bias),
      },
    ]
      .slice(0, shape.length - 1)
      .flatMap((of) =>
        checks({
          ...of,
          inputs,
          shape,
          define: (tape, { x, gain, bias }) =>
            normalised(
              tape,
              x,
              gain,
              bias,
              gain.map((_, c) => {
                const list = columns(x, width, c);
                const mean = tape.times(tape.sum(list), 1 / list.length);
                const squares = list.map((value) => tape.mul(tape.sub(value, mean), tape.sub(value, mean)));
                return { mean, variance: tape.times(tape.sum(squares), 1 / list.length) };
              }),
            ),
        }),
      ),
  ];
});

export const pointChecks: Check[] = [...mapped, ...maxima, ...rectified, ...norms];
