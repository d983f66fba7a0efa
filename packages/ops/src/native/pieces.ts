/** Pieces of graphs that several ops need. */
import type { Graph, Value } from './graph.ts';

const int = { type: 'int32' } as const;

function concat(graph: Graph, ...parts: Value[]): Value {
  return graph.op('ConcatV2', [...parts, graph.axis(0)], { N: { int: parts.length }, T: int, Tidx: int });
}

/** The sizes of x from axis `from` to before `to` (negative: from the end; absent: to the end). */
function sizes(graph: Graph, x: Value, from: number, to?: number): Value {
  const shape = graph.op('Shape', [x], { out_type: int });
  const bounds = [graph.integers(from), graph.integers(to ?? 0), graph.integers(1)];
  return graph.op('StridedSlice', [shape, ...bounds], {
    T: int,
    Index: int,
    end_mask: { int: to === undefined ? 1 : 0 },
  });
}

export function reshape(graph: Graph, x: Value, shape: Value): Value {
  return graph.op('Reshape', [x, shape], { Tshape: int });
}

export function transpose(graph: Graph, x: Value, permutation: readonly number[]): Value {
  return graph.op('Transpose', [x, graph.integers(...permutation)], { Tperm: int });
}

/** [..., C] → [rows, C] */
export function rows(graph: Graph, x: Value): Value {
  return reshape(graph, x, concat(graph, graph.integers(-1), sizes(graph, x, -1)));
}

/** [rows, C] → [..., C] with the leading axes of `like` */
export function unflatten(graph: Graph, flat: Value, like: Value): Value {
  return reshape(graph, flat, concat(graph, sizes(graph, like, 0, -1), graph.integers(-1)));
}

/** a·b of 2-D values, either side transposed on the way. */
export function product(graph: Graph, a: Value, b: Value, transposeA = false, transposeB = false): Value {
  return graph.op('MatMul', [a, b], { transpose_a: { bool: transposeA }, transpose_b: { bool: transposeB } });
}

/** The products of two lists of matrices. */
export function batchedProduct(graph: Graph, a: Value, b: Value, transposeA = false, transposeB = false): Value {
  return graph.op('BatchMatMulV2', [a, b], { adj_x: { bool: transposeA }, adj_y: { bool: transposeB } });
}

/** a·b + bias, the bias in the product's own pass. */
export function affine(graph: Graph, a: Value, b: Value, bias: Value): Value {
  return graph.op('_FusedMatMul', [a, b, bias], {
    num_args: { int: 1 },
    fused_ops: { strings: ['BiasAdd'] },
    transpose_a: { bool: false },
    transpose_b: { bool: false },
  });
}

/** Means of rows, [rows, 1]. */
export function rowMeans(graph: Graph, x: Value): Value {
  return graph.op('Mean', [x, graph.integers(1)], { Tidx: int, keep_dims: { bool: true } });
}

/** name(x, value) with a number. */
export function withScalar(graph: Graph, name: string, x: Value, value: number): Value {
  return graph.op(name, [x, graph.scalar(value)]);
}
