/**
 * The gradient of `value` of plain tfjs ops, without a scatter-add, which wasm lacks and WebGPU does in any order. A point at p has the
 * share max(0, 1 − |p − c|) of the cell c along each axis, so Σ over points of weight·share is a matrix [queries, cells], and the gradient
 * its transpose times dy. Cells are worked on as many at a time as a head has channels: the matrix then is of dy's size.
 */
import {
  abs,
  add,
  concat,
  matMul,
  mul,
  relu,
  reshape,
  slice,
  sub,
  type Tensor,
  tensor3d,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Geometry } from './geometry.ts';
import type { Inputs } from './keeping-inputs.ts';

/** [B, Q, heads, …] → [B·heads, Q, …] */
function byHeads(x: Tensor, { batch, queries, heads }: Geometry): Tensor {
  return reshape(transpose(reshape(x, [batch, queries, heads, -1]), [0, 2, 1, 3]), [batch * heads, queries, -1]);
}

/** Of each cell the share that points at p [n, Q, 1] have of it along an axis, given the cells' places there [1, 1, count]. */
const shares = (p: Tensor, cells: Tensor): Tensor => relu(sub(1, abs(sub(p, cells))));

/** [B·heads, cells, width] of some cells of a level. */
function part(locations: Tensor, weights: Tensor, d: Tensor, g: Geometry, level: number, from: number, count: number) {
  const [down, across] = [g.table[4 * level]!, g.table[4 * level + 1]!];
  const cells = Array.from({ length: count }, (_, i) => from + i);
  const xs = tensor3d([[cells.map((cell) => cell % across)]]);
  const ys = tensor3d([[cells.map((cell) => Math.floor(cell / across))]]);
  let matrix: Tensor | undefined;
  for (let point = level * g.points; point < (level + 1) * g.points; point++) {
    const before: Tensor | undefined = matrix;
    matrix = tidy(() => {
      const at = (axis: number, size: number) =>
        sub(mul(slice(locations, [0, 0, 2 * point + axis], [-1, -1, 1]), size), 0.5);
      const both = mul(shares(at(0, across), xs), shares(at(1, down), ys));
      const term = mul(both, slice(weights, [0, 0, point], [-1, -1, 1]));
      return before ? add(before, term) : term;
    });
    before?.dispose();
  }
  return matMul(matrix!, d, true, false);
}

/** dy [B, Q, C] → [B, S, C] */
export function scatter({ value, ...inputs }: Inputs, g: Geometry, dy: Tensor): Tensor {
  const { batch, heads, width, levels, sources, table } = g;
  const [locations, weights, d] = [inputs.locations, inputs.weights, dy].map((x) => byHeads(x, g)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const parts: Tensor[] = [];
  for (let level = 0; level < levels; level++) {
    const cells = table[4 * level]! * table[4 * level + 1]!;
    for (let from = 0; from < cells; from += width)
      parts.push(tidy(() => part(locations, weights, d, g, level, from, Math.min(width, cells - from))));
  }
  const all = reshape(parts.length === 1 ? parts[0]! : concat(parts, 1), [batch, heads, sources, width]);
  return reshape(transpose(all, [0, 2, 1, 3]), value.shape);
}
