/** Small networks of F(x) = tanh(x·W + b)·g for tests: as sub-blocks through the tape, and in float64 with finite differences. */
import { Parameter } from '@dr2net/ops';
import { linear64, type Residual64 } from '@dr2net/testing/float64';
import { add, matMul, mul, type Tensor, tanh, tensor } from '@tensorflow/tfjs-core';
import { type Coefficients, fromFunction, type HeadRead, type SubBlock } from '../src/index.ts';

export type Place = SubBlock['shift'];

/** The numbers of a network, flat: per sub-block W [width, width], b [width], g [width]. */
export interface Small {
  readonly rows: number;
  readonly width: number;
  readonly places: readonly Place[];
  readonly weights: readonly { readonly w: number[]; readonly b: number[]; readonly g: number[] }[];
  readonly x0: number[];
  readonly shift: number[];
  readonly cotangent: number[];
}

/** Numbers in (−1, 1) from a linear congruential generator (Numerical Recipes), rounded to float32. */
export function numbers(seed: number): (count: number, scale?: number) => number[] {
  let state = seed >>> 0;
  return (count, scale = 1) =>
    Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.fround(scale * (state / 2 ** 31 - 1));
    });
}

export function small(seed: number, rows: number, width: number, places: readonly Place[]): Small {
  const draw = numbers(seed);
  const size = rows * width;
  return {
    rows,
    width,
    places,
    weights: places.map(() => ({ w: draw(width * width, 0.8), b: draw(width, 0.3), g: draw(width) })),
    x0: draw(size),
    shift: draw(size, 0.3),
    cotangent: draw(size),
  };
}

let made = 0;

/** The network's sub-blocks and tensors; `dispose` frees them. */
export function asSubBlocks(network: Small) {
  const { rows, width, places, weights } = network;
  const id = made++;
  const blocks = weights.map(({ w, b, g }, i) => {
    const parameters = [
      new Parameter(`small${id}.${i}.w`, tensor(w, [width, width])),
      new Parameter(`small${id}.${i}.b`, tensor(b, [width])),
      new Parameter(`small${id}.${i}.g`, tensor(g, [width])),
    ];
    const f = (x: Tensor, [W, B, G]: Tensor[]) => mul(tanh(add(matMul(x, W!), B!)), G!);
    const place = places[i];
    return fromFunction(`block ${i}`, f, parameters, place ? { shift: place } : {});
  });
  const states = (values: number[]) => tensor(values, [rows, width]);
  const tensors = { x0: states(network.x0), shift: states(network.shift), cotangent: states(network.cotangent) };
  const parameters = blocks.flatMap((block) => block.parameters);
  return {
    subBlocks: blocks as readonly SubBlock[],
    parameters,
    ...tensors,
    dispose() {
      for (const parameter of parameters) parameter.dispose();
      for (const value of Object.values(tensors)) value.dispose();
    },
  };
}

/** F_i in float64. */
function f64(x: readonly number[], { width }: Small, { w, b, g }: Small['weights'][number]): number[] {
  return x.map((_, k) => {
    const [row, column] = [k - (k % width), k % width];
    let sum = b[column]!;
    for (let j = 0; j < width; j++) sum += x[row + j]! * w[j * width + column]!;
    return Math.tanh(sum) * g[column]!;
  });
}

/** The network as float64 residual functions, whose weights' gradients are called `0.w`, `0.b`, `0.g`, `1.w`, … */
export function residuals64({ width, weights }: Small): Residual64[] {
  return weights.map(({ w, b, g }, i) => (x) => {
    const rows = x.length / width;
    const own = new Map([
      ['f.weight', Float64Array.from(w)],
      ['f.bias', Float64Array.from(b)],
    ]);
    const linear = linear64(x, own, 'f');
    const active = linear.value.map(Math.tanh);
    return {
      value: active.map((value, k) => value * g[k % width]!),
      pullback(dy, gradients) {
        const dg = new Float64Array(width);
        for (let k = 0; k < rows * width; k++) dg[k % width]! += dy[k]! * active[k]!;
        const inner = new Map<string, Float64Array>();
        const dx = linear.pullback(
          dy.map((d, k) => d * g[k % width]! * (1 - active[k]! ** 2)),
          inner,
        );
        gradients.set(`${i}.w`, inner.get('f.weight')!).set(`${i}.b`, inner.get('f.bias')!).set(`${i}.g`, dg);
        return dx;
      },
    };
  });
}

/** Σ read(x)·cotangent in float64. */
export function loss64(network: Small, { alpha, beta }: Coefficients, read: HeadRead): number {
  let [x, previous] = [network.x0, network.x0];
  network.places.forEach((place, i) => {
    const z = place ? x.map((value, k) => value + network.shift[k]!) : x;
    const f = f64(z, network, network.weights[i]!);
    const base = place === 'skip' ? z : x;
    const next = x.map(
      (_, k) => f[k]! + (place === 'branch' ? network.shift[k]! : 0) + alpha * base[k]! + beta * previous[k]!,
    );
    [previous, x] = [x, next];
  });
  return x.reduce(
    (sum, value, k) => sum + network.cotangent[k]! * (read === 'mean' ? (value + previous[k]!) / 2 : value),
    0,
  );
}

/** The gradient of `loss64` with respect to one array of the network's numbers, by central differences (error about 1e-9). */
export function differences(network: Small, coefficients: Coefficients, read: HeadRead, values: number[]): number[] {
  const step = 1e-5;
  return values.map((value, k) => {
    const at = (moved: number) => {
      values[k] = moved;
      return loss64(network, coefficients, read);
    };
    const slope = (at(value + step) - at(value - step)) / (2 * step);
    values[k] = value;
    return slope;
  });
}
