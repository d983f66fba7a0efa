/** A step's matrix products alone, of the same shapes and number; and how fast the backend can multiply at its best. */
import { linear } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { classes, tokensOf, tubelet, type VitSize } from './size.ts';
import type { MethodName } from './subjects/names.ts';

export interface Product {
  /** [rows, inner] × [inner, columns] */
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Of a batch: a product for each head of each sample. */
  readonly batch: number;
  /** How often a step makes it. */
  readonly times: number;
}

/** Whether the method evaluates every sub-block once more in the backward pass. */
const again: Readonly<Record<MethodName, boolean>> = {
  conventional: false,
  checkpoint: true,
  reversible: true,
  exact: true,
  frozen: false,
};

/**
 * Forward, evaluation once more, and the gradients of both operands. Of attention QKᵀ and its mixture: each with two gradients. (A kernel
 * that keeps no weights makes QKᵀ again for its pullback; that is its own affair and is not counted.)
 */
export function stepProducts(size: VitSize, method: MethodName): Product[] {
  const { width, heads, depth, batch, patch, frames } = size;
  const tokens = tokensOf(size);
  const rows = batch * tokens;
  const forwards = again[method] ? 2 : 1;
  const trains = method !== 'frozen';
  const layer = (inner: number, columns: number, count: number, n = rows, evaluations = forwards): Product[] => [
    { rows: n, inner, columns, batch: 1, times: count * evaluations },
    ...(trains
      ? [
          { rows: n, inner: columns, columns: inner, batch: 1, times: count },
          { rows: inner, inner: n, columns, batch: 1, times: count },
        ]
      : []),
  ];
  const size1 = width / heads;
  const each = batch * heads;
  const attention: Product[] = [
    { rows: tokens, inner: size1, columns: tokens, batch: each, times: depth * (forwards + (trains ? 1 : 0)) },
    { rows: tokens, inner: tokens, columns: size1, batch: each, times: depth * (forwards + (trains ? 3 : 0)) },
  ];
  const patchInputs = (frames === 1 ? 1 : tubelet) * patch * patch * 3;
  const patchRows = frames === 1 ? rows - batch : rows;
  return [
    ...layer(width, 3 * width, depth),
    ...layer(width, width, depth),
    ...layer(width, 4 * width, depth),
    ...layer(4 * width, width, depth),
    ...attention,
    // Of the pixels no gradient is wanted; the stem and the head are evaluated once.
    ...layer(patchInputs, width, 1, patchRows, 1).filter((_, index) => index !== 1),
    ...layer(width, classes, 1, batch, 1),
  ];
}

/** Floating-point operations: a multiplication and an addition each. */
export function productFlops(products: readonly Product[]): number {
  return products.reduce(
    (sum, { rows, inner, columns, batch, times }) => sum + 2 * rows * inner * columns * batch * times,
    0,
  );
}

interface Operands extends Product {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

type Multiply = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** TensorFlow.js's product, and ours, which is of matrices alone. */
const multiplications: readonly Multiply[] = [
  (a, b) => tf.matMul(a, b),
  (a, b) => (a.rank === 2 ? linear.apply(a, b) : tf.matMul(a, b)),
];

/** Runs the products of a step by the faster of both; operands are made once. */
export class ProductsAlone {
  readonly #operands: readonly Operands[];
  #multiply: Multiply | undefined;

  /** @param flat batches as single two-dimensional products, the fast path of wasm */
  constructor(products: readonly Product[], flat: boolean) {
    this.#operands = products.map((product) => {
      const lead = flat || product.batch === 1 ? [] : [product.batch];
      const random = (shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', 1);
      return {
        ...product,
        ...(flat ? { times: product.times * product.batch } : {}),
        a: random([...lead, product.rows, product.inner]),
        b: random([...lead, product.inner, product.columns]),
      };
    });
  }

  /** @returns seconds */
  async time(): Promise<number> {
    if (!this.#multiply) {
      const taken: number[] = [];
      for (const multiply of multiplications) {
        // The first time compiles.
        await this.#run(multiply);
        taken.push(await this.#run(multiply));
      }
      this.#multiply = multiplications[taken.indexOf(Math.min(...taken))]!;
    }
    return this.#run(this.#multiply);
  }

  async #run(multiply: Multiply): Promise<number> {
    const start = performance.now();
    let last: tf.Tensor | undefined;
    for (const { a, b, times } of this.#operands)
      for (let i = 0; i < times; i++) {
        last?.dispose();
        last = multiply(a, b);
      }
    // The last one is the head's, the smallest.
    await last?.data();
    last?.dispose();
    return (performance.now() - start) / 1000;
  }

  dispose(): void {
    for (const { a, b } of this.#operands) tf.dispose([a, b]);
  }
}

export interface Throughput {
  /** Floating-point operations a second, the best. */
  readonly flops: number;
  /** Rows of the square matrices with which it was reached. */
  readonly size: number;
}

/** The best product of square matrices, TensorFlow.js's or ours: what the adapter can do from JavaScript. Milliseconds each are enough. */
export async function productThroughput(sizes: readonly number[], seconds = 0.2): Promise<Throughput> {
  let best: Throughput = { flops: 0, size: 0 };
  for (const [size, multiply] of sizes.flatMap((side) => multiplications.map((way) => [side, way] as const))) {
    const a = tf.randomNormal([size, size], 0, 1, 'float32', 1);
    const corner = async (c: tf.Tensor) => {
      const one = tf.tidy(() => tf.slice(c, [0, 0], [1, 1]));
      await one.data();
      tf.dispose([c, one]);
    };
    await corner(multiply(a, a));
    const begun = performance.now();
    let calls = 1;
    for (let total = 0; total < 1000 * seconds || calls < 4; calls++) {
      const start = performance.now();
      await corner(multiply(a, a));
      const took = performance.now() - start;
      total = performance.now() - begun;
      const flops = (2 * size ** 3) / (took / 1000);
      if (flops > best.flops) best = { flops, size };
    }
    a.dispose();
  }
  return best;
}
