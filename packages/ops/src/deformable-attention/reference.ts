/**
 * Deformable attention of plain tfjs ops, one point of a level at a time: what is made on the way is of the output's size. With the four
 * cells around a point, v_k, and their bilinear shares s_k: the value is Σ w·s_k·v_k, ∂w = Σ s_k·(v_k·dy), and the location's gradient
 * has the slopes of s_k in their place. That of `value` is in scatter.ts.
 */
import {
  add,
  cast,
  clipByValue,
  concat,
  equal,
  floor,
  gather,
  mul,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
  tensor1d,
  tidy,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import type { Geometry } from './geometry.ts';
import { type Inputs, keepingInputs } from './keeping-inputs.ts';
import { scatter } from './scatter.ts';

/** Rows of `value` that float32 counts exactly. */
const mostRows = 2 ** 24;

/** One of the two cells along an axis that a point lies between; [n, 1] each, n = B·Q·heads. */
interface Side {
  /** 0 where it is outside. */
  readonly cell: Tensor;
  readonly share: Tensor;
  /** The share's slope: ±1, or 0 outside. */
  readonly slope: Tensor;
}

function sides(at: Tensor, cells: number): [Side, Side] {
  const low = floor(at);
  const f = sub(at, low);
  return [0, 1].map((i) => {
    const cell = add(low, i);
    const isInside = equal(cell, clipByValue(cell, 0, cells - 1));
    const inside = cast(isInside, 'float32');
    return {
      cell: where(isInside, cell, zerosLike(cell)),
      share: mul(i === 0 ? sub(1, f) : f, inside),
      slope: mul(inside, i === 0 ? -1 : 1),
    };
  }) as [Side, Side];
}

/** The column of x and that of y of a point, in cells. */
function place(rows: Tensor, point: number, size: number, axis: number): Tensor {
  return sub(mul(slice(rows, [0, 2 * point + axis], [-1, 1]), size), 0.5);
}

/** The row of a level's first cell in [B·S·heads, width], for each batch element, query and head: [n, 1]. */
function firstRows({ batch, queries, heads, sources, table }: Geometry, level: number): Tensor {
  const start = table[4 * level + 2]!;
  const rows = Float32Array.from({ length: batch * queries * heads }, (_, n) => {
    const b = Math.floor(n / (queries * heads));
    return (b * sources + start) * heads + (n % heads);
  });
  return reshape(tensor1d(rows), [-1, 1]);
}

interface Corner {
  readonly x: Side;
  readonly y: Side;
  /** [n, width] */
  readonly values: Tensor;
}

/** Calls `body` in a tidy for every point of every level, with its corners one after the other; `take` gets what it returns. */
function eachPoint(
  { value, locations }: Inputs,
  g: Geometry,
  body: (corners: Iterable<Corner>, point: number, sizes: readonly [across: number, down: number]) => Tensor[],
  take: (made: Tensor[]) => void,
): void {
  const { batch, sources, heads, width, levels, points, table } = g;
  if (batch * sources * heads > mostRows)
    throw new RangeError(
      `deformableAttention: value has ${batch * sources * heads} rows of a head; plain operations count ${mostRows}. Use a smaller batch.`,
    );
  const all = reshape(value, [batch * sources * heads, width]);
  const columns = reshape(locations, [-1, levels * points * 2]);
  for (let level = 0; level < levels; level++) {
    const [down, across] = [table[4 * level]!, table[4 * level + 1]!];
    const first = firstRows(g, level);
    for (let point = level * points; point < (level + 1) * points; point++) {
      const made = tidy(() => {
        const xs = sides(place(columns, point, across, 0), across);
        const ys = sides(place(columns, point, down, 1), down);
        return body(corners(all, first, xs, ys, across, heads), point, [across, down]);
      });
      take(made);
    }
    first.dispose();
  }
}

function* corners(all: Tensor, first: Tensor, xs: Side[], ys: Side[], across: number, heads: number): Iterable<Corner> {
  for (const y of ys)
    for (const x of xs) {
      const row = add(first, mul(add(mul(y.cell, across), x.cell), heads));
      const values = gather(all, cast(reshape(row, [-1]), 'int32'));
      yield { x, y, values };
      values.dispose();
    }
}

/** A sum that may not have begun; takes both over. */
const onto = (total: Tensor | undefined, term: Tensor) => (total ? after(add(total, term), total, term) : term);

/** The weights of a point: [n, 1]. */
const weightOf = (weights: Tensor, { levels, points }: Geometry, point: number) =>
  slice(reshape(weights, [-1, levels * points]), [0, point], [-1, 1]);

function forward(inputs: Inputs, g: Geometry): Tensor {
  let total: Tensor | undefined;
  const body: Parameters<typeof eachPoint>[2] = (all, point) => {
    const weight = weightOf(inputs.weights, g, point);
    let sum: Tensor | undefined;
    for (const { x, y, values } of all) sum = onto(sum, mul(values, mul(weight, mul(x.share, y.share))));
    return [sum!];
  };
  eachPoint(inputs, g, body, ([term]) => {
    total = onto(total, term!);
  });
  return reshape(total!, [g.batch, g.queries, g.heads * g.width]);
}

function ofPoints(inputs: Inputs, g: Geometry, dy: Tensor): [Tensor, Tensor] {
  const d = reshape(dy, [-1, g.width]);
  const columns: Tensor[][] = [[], []];
  const body: Parameters<typeof eachPoint>[2] = (all, point, [across, down]) => {
    const weight = weightOf(inputs.weights, g, point);
    let [ofWeight, ofX, ofY]: (Tensor | undefined)[] = [];
    for (const { x, y, values } of all) {
      const products = mul(values, d);
      const along = after(sum(products, 1, true), products);
      ofWeight = onto(ofWeight, mul(along, mul(x.share, y.share)));
      ofX = onto(ofX, mul(along, mul(x.slope, y.share)));
      ofY = onto(ofY, mul(along, mul(x.share, y.slope)));
    }
    return [mul(mul(weight, ofX!), across), mul(mul(weight, ofY!), down), ofWeight!];
  };
  eachPoint(inputs, g, body, ([x, y, weight]) => {
    columns[0]!.push(x!, y!);
    columns[1]!.push(weight!);
  });
  const [locations, weights] = columns.map((list) => (list.length === 1 ? list[0]! : after(concat(list, 1), ...list)));
  return [reshape(locations!, inputs.locations.shape), reshape(weights!, inputs.weights.shape)];
}

export const reference = keepingInputs({ forward, ofValue: scatter, ofPoints });
