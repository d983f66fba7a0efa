/** Products of tensors by our own shaders, and column sums. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ResidualTerms } from '../dual-residual/index.ts';
import { dispatch, inColumn, type Shader } from './dispatch.ts';
import { type Activation, type Product, productShader, tileSize } from './product.ts';
import { tileFor } from './tiles.ts';

export interface Multiplication {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: Tensor | undefined;
  readonly activation?: Activation;
  /** Of C's shape; only where nothing else follows the bias. */
  readonly residual?: ResidualTerms | undefined;
  readonly sums?: boolean;
  /** The shape of C; its last side is C's width. */
  readonly shape: readonly number[];
}

/**
 * A·B of matrices that lie in tensors of any rank.
 * @param sides [m, k, n]: C has m rows and n columns
 * @returns C; GELU's slope where it was asked for; the column sums of B where they were
 */
export function multiply(a: Tensor, b: Tensor, [m, k, n]: readonly [number, number, number], how: Multiplication) {
  const { transposeA = false, transposeB = false, bias, activation = 'none', residual, sums = false, shape } = how;
  const contiguous = [transposeA ? m : k, transposeB ? k : n, n];
  const form: Omit<Product, 'tile'> = {
    ...{ transposeA, transposeB, bias: bias !== undefined, activation, sums },
    residual: residual ? (residual.beta === 0 ? 'state' : 'both') : 'none',
    aligned: contiguous.every((side) => side % 4 === 0),
  };
  const product: Product = { ...form, tile: tileFor(form, m, n) };
  const [rows, columns] = tileSize(product);
  const states = residual ? [residual.x, ...(residual.beta === 0 ? [] : [residual.previous])] : [];
  const outputs = [{ shape }, ...(activation === 'geluAndSlope' ? [{ shape }] : []), ...(sums ? [{ shape: [n] }] : [])];
  return dispatch(
    productShader(product),
    [a, b, ...(bias ? [bias] : []), ...states],
    outputs,
    { m, k, columns: form.aligned ? n / 4 : n, ...(residual && { alpha: residual.alpha, beta: residual.beta }) },
    [Math.ceil(n / columns), ...inColumn(Math.ceil(m / rows))],
  );
}

const lanes = 64;

const sumShader: Shader = {
  name: 'dr2net columnSums',
  inputs: { x: 'f32' },
  outputs: { sums: 'f32' },
  params: { rows: 'u32', columns: 'u32' },
  workgroup: [lanes, 1, 1],
  body: `
  let column = group.x * ${lanes}u + lane;
  if (column >= p.columns) { return; }
  var total = 0.0;
  for (var row = 0u; row < p.rows; row++) { total += x[row * p.columns + column]; }
  sums[column] = total;`,
};

/** Σ over rows, in the order of a product's own sums: the same bits. x [..., columns] → [columns] */
export function columnSums(x: Tensor, columns: number): Tensor {
  const params = { rows: x.size / columns, columns };
  return dispatch(sumShader, [x], [{ shape: [columns] }], params, [Math.ceil(columns / lanes), 1, 1])[0]!;
}
