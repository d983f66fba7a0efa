/** Refusals of tensors that do not fit, before an implementation reads past their ends or broadcasts them. */
import type { Tensor } from '@tensorflow/tfjs-core';

/** `tensor` must have exactly these sizes. */
export function expectShape(op: string, name: string, tensor: Tensor, shape: readonly number[], why: string): void {
  if (tensor.shape.length !== shape.length || shape.some((size, axis) => size !== tensor.shape[axis]))
    throw new RangeError(`${op}: ${name} is [${tensor.shape}] where [${shape}] is needed (${why})`);
}

/** The size of the last axis. */
export function channels(op: string, x: Tensor): number {
  const size = x.shape[x.rank - 1];
  if (size === undefined) throw new RangeError(`${op}: a scalar has no channels; give it at least one axis`);
  return size;
}

/** x [..., in], weight [in, out], bias [out] */
export function expectAffine(op: string, x: Tensor, weight: Tensor, bias?: Tensor): void {
  const width = channels(op, x);
  if (weight.rank !== 2 || weight.shape[0] !== width)
    throw new RangeError(`${op}: weight is [${weight.shape}] where [${width}, out] is needed (x is [${x.shape}])`);
  if (bias) expectShape(op, 'bias', bias, [weight.shape[1]!], `weight is [${weight.shape}]`);
}
