/** Two sets of gradients held against each other, tensor by tensor. */

export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Gradients by the key that the published checkpoint gives the tensor. */
export type Gradients = ReadonlyMap<string, HostTensor>;

export interface TensorError {
  /** The tensor's key in the checkpoint. */
  readonly parameter: string;
  /** max|a − e| / max|e|; for a tensor whose true gradient is 0, max|a − e| / (the largest gradient of the network). */
  readonly error: number;
  /** max|e|. */
  readonly scale: number;
  /** Whether it was held against the network's scale. */
  readonly absolute: boolean;
}

/**
 * The bias of a key projection shifts every score of a query alike, which softmax does not see: its true gradient is 0,
 * and what is computed is rounding error. In a fused qkv it is the middle third of the bias, which the rest outweighs.
 */
const zeroGradient = /(^|\.)(key|k_proj)\.bias$/;

function largest(data: Float32Array): number {
  let most = 0;
  // NaN must not be passed over, as it is by every comparison.
  for (const value of data) if (!(Math.abs(value) <= most)) most = Math.abs(value);
  return most;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let most = 0;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= most)) most = difference;
  }
  return most;
}

/**
 * The error of every tensor that both sets hold, the worst first; NaN is worst of all.
 * @param cancelled keys of more tensors whose true gradient is 0
 * @throws when a tensor's sizes differ
 */
export function compareGradients(
  actual: Gradients,
  expected: Gradients,
  cancelled?: ReadonlySet<string>,
): TensorError[] {
  const scales = new Map([...expected].map(([key, { data }]) => [key, largest(data)]));
  const networkScale = Math.max(...scales.values());
  const errors = [...expected].flatMap(([key, { data, shape }]): TensorError[] => {
    const other = actual.get(key);
    if (!other) return [];
    if (other.data.length !== data.length)
      throw new Error(`The gradient of ${key} has the shape [${other.shape}] in one run and [${shape}] in the other.`);
    const scale = scales.get(key)!;
    const difference = largestDifference(other.data, data);
    const absolute = zeroGradient.test(key) || scale === 0 || (cancelled?.has(key) ?? false);
    const against = absolute ? networkScale : scale;
    return [{ parameter: key, error: difference === 0 ? 0 : difference / against, scale, absolute }];
  });
  const rank = ({ error }: TensorError) => (Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  return errors.sort((a, b) => rank(b) - rank(a));
}
