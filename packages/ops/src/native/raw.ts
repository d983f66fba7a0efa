/**
 * Raw TensorFlow operations through the node backend (@tensorflow/tfjs-node): what tfjs's own op set does not reach
 * (BiasAdd and its gradient, transposed batched products in one call), without its per-op overhead.
 */
import { backend, scalar, type Tensor } from '@tensorflow/tfjs-core';

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The part of the node backend's class that is used here; tfjs-node is an optional peer, so its types are not. */
interface NodeBackend {
  readonly binding: {
    readonly TF_FLOAT: number;
    readonly TF_INT32: number;
    readonly TF_ATTR_TYPE: number;
    readonly TF_ATTR_BOOL: number;
  };
  executeSingleOutput(name: string, attributes: Attribute[], inputs: Tensor[]): Tensor;
}

const node = () => backend() as unknown as NodeBackend;

/** An operation of one output with only the type attribute T = float32. */
export function raw(name: string, ...inputs: Tensor[]): Tensor {
  const { binding } = node();
  return node().executeSingleOutput(name, [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }], inputs);
}

/** `raw` with a number as its second operand: name(x, value). */
export function rawScalar(name: string, x: Tensor, value: number): Tensor {
  const operand = scalar(value);
  const result = raw(name, x, operand);
  operand.dispose();
  return result;
}

/** `raw` with a number as its first operand: name(value, x). */
export function scalarRaw(name: string, value: number, x: Tensor): Tensor {
  const operand = scalar(value);
  const result = raw(name, operand, x);
  operand.dispose();
  return result;
}

/** The mean of each row of a 2-D tensor, [rows, 1]. */
export function rowMeans(x: Tensor): Tensor {
  const { binding } = node();
  const axis = scalar(1, 'int32');
  const result = node().executeSingleOutput(
    'Mean',
    [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'Tidx', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
      { name: 'keep_dims', type: binding.TF_ATTR_BOOL, value: true },
    ],
    [x, axis],
  );
  axis.dispose();
  return result;
}

/** a·b, either side transposed on the way at no cost; 2-D, or batched with equal batches. */
export function product(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  const { binding } = node();
  const [name, flagA, flagB] =
    a.rank === 2 ? ['MatMul', 'transpose_a', 'transpose_b'] : ['BatchMatMulV2', 'adj_x', 'adj_y'];
  return node().executeSingleOutput(
    name!,
    [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: flagA!, type: binding.TF_ATTR_BOOL, value: transposeA },
      { name: flagB!, type: binding.TF_ATTR_BOOL, value: transposeB },
    ],
    [a, b],
  );
}
