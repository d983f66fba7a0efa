/**
 * Deformable attention written with differentiable tfjs ops, for the tape: a point at p has the share max(0, 1 − |p − c|) of cell c along each
 * axis, so reading is a product with a matrix [queries, cells].
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
  softmax,
  sub,
  type Tensor,
  tensor3d,
  tile,
} from '@tensorflow/tfjs-core';

export interface Sizes {
  readonly heads: number;
  readonly points: number;
  readonly shapes: readonly (readonly [height: number, width: number])[];
}

const linear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  add(reshape(matMul(reshape(x, [-1, weight.shape[0]!]), weight), [...x.shape.slice(0, -1), weight.shape[1]!]), bias);

/** Column `i` of the last axis of [B, Q, n]: [B, Q, 1]. */
const column = (x: Tensor, i: number) => slice(x, [0, 0, i], [-1, -1, 1]);

/** The share of each cell [1, 1, cells] that points [B, Q, 1] have along an axis. */
const shares = (points: Tensor, cells: number[]) =>
  relu(sub(1, abs(sub(tile(points, [1, 1, cells.length]), tensor3d([[cells]])))));

/** inside [B, S, 1]: 0 where the map is padding. The parameters are in the layer's order: weight and bias of each. */
export function plainDeformable(
  { heads, points, shapes }: Sizes,
  [query, source, reference]: readonly [Tensor, Tensor, Tensor],
  inside: Tensor,
  parameters: readonly Tensor[],
): Tensor {
  const [wOffsets, bOffsets, wWeights, bWeights, wValue, bValue, wOut, bOut] = parameters as Tensor[];
  const [batch, queries] = query.shape as [number, number];
  const levels = shapes.length;
  const value = mul(linear(source, wValue!, bValue!), tile(inside, [1, 1, source.shape[2]!]));
  const offsets = linear(query, wOffsets!, bOffsets!);
  const logits = reshape(linear(query, wWeights!, bWeights!), [batch, queries, heads, levels * points]);
  const weights = reshape(softmax(logits), [batch, queries, heads * levels * points]);
  const flat = reshape(reference, [batch, queries, -1]);
  const each = reference.shape[3]!;
  const width = source.shape[2]! / heads;
  const outputs: Tensor[] = [];
  for (let h = 0; h < heads; h++) {
    let sum: Tensor | undefined;
    let start = 0;
    for (const [l, [height, across]] of shapes.entries()) {
      const cells = Array.from({ length: height * across }, (_, i) => i);
      const map = slice(value, [0, start, h * width], [batch, cells.length, width]);
      for (let k = 0; k < points; k++) {
        const n = (h * levels + l) * points + k;
        const place = (axis: 0 | 1, size: number) => {
          const offset = column(offsets, 2 * n + axis);
          const moved =
            each === 2 ? mul(offset, 1 / size) : mul(mul(offset, column(flat, l * each + 2 + axis)), 0.5 / points);
          return sub(mul(add(column(flat, l * each + axis), moved), size), 0.5);
        };
        const xs = shares(
          place(0, across),
          cells.map((cell) => cell % across),
        );
        const ys = shares(
          place(1, height),
          cells.map((cell) => Math.floor(cell / across)),
        );
        const matrix = mul(mul(xs, ys), tile(column(weights, n), [1, 1, cells.length]));
        const read = matMul(matrix, map);
        sum = sum ? add(sum, read) : read;
      }
      start += cells.length;
    }
    outputs.push(sum!);
  }
  return linear(concat(outputs, 2), wOut!, bOut!);
}
