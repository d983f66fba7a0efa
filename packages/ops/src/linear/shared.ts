/** What the implementations of linear share: names, what is wanted, shapes. */
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import type { Wanted } from '../pullback.ts';

export type Names = 'x' | 'weight' | 'bias';

/** Whether a gradient is to be computed: all are by default, the bias's only where there is a bias. */
export function wants(wanted: Wanted<Names> | undefined, bias: Tensor | undefined): (name: Names) => boolean {
  return (name) => (name !== 'bias' || bias !== undefined) && (wanted === undefined || wanted[name] === true);
}

/** [rows, out] → [..., out], with the leading axes of `like`; frees `flat`. */
export function unflatten(flat: Tensor, like: Tensor): Tensor {
  return after(reshape(flat, [...like.shape.slice(0, -1), flat.shape[1]!]), flat);
}
