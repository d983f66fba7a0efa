/** The maximum over neighbours, channel by channel (PointNet, arXiv 1612.00593); its gradient goes to the winner, on ties the lowest index. */
import { keep, max, type Tensor } from '@tensorflow/tfjs-core';
import { after, choose, scope } from '../engine.ts';
import { type OpPullback, once, type TracedOp } from '../pullback.ts';
import { recorderBackend } from '../recorder/record.ts';
import * as host from './host.ts';
import { recorded } from './recorded.ts';
import * as webgpu from './webgpu.ts';

/** x [..., K, C] → the maximum over K and which it was, int32, both [..., C]. */
export type MaxWithWinner = (x: Tensor) => { readonly value: Tensor; readonly winner: Tensor };
/** winner and dy [..., C] → [..., size, C]; what a winner outside 0 … size − 1 sends goes nowhere */
export type MaxGradient = (winner: Tensor, dy: Tensor, size: number) => Tensor;

/** What an implementation of {@link neighbourMax} does. */
export interface NeighbourMaxKernel {
  /** x [..., K, C] → [..., C] */
  apply(x: Tensor): Tensor;
  trace(x: Tensor): TracedOp<'x'>;
  /** The maximum with its winners, for whoever takes the maximum of parts. */
  winners: MaxWithWinner;
  gradient: MaxGradient;
}

interface Kernel {
  readonly forward: MaxWithWinner;
  readonly gradient: MaxGradient;
  /** The value alone, where it is had for less. */
  readonly value?: (x: Tensor) => Tensor;
}

/** TensorFlow's maximum, which is no number where one is not; of 0 and −0 it may be another than the winner, so a trace has it too. */
const native: Kernel = {
  ...host,
  forward: (x) =>
    scope(() => {
      const { value, winner } = host.forward(x);
      return { value: after(max(x, -2), value), winner };
    }),
  value: (x) => max(x, -2),
};
const kernel = () => choose<Kernel>({ reference: host, webgpu, tensorflow: native, [recorderBackend]: recorded });

function check(x: Tensor): void {
  if (x.rank < 2 || x.shape.at(-2) === 0)
    throw new RangeError(`neighbourMax: x is [${x.shape}]; [..., neighbours, channels] with a neighbour is needed`);
}

function forward(x: Tensor): ReturnType<MaxWithWinner> {
  check(x);
  return kernel().forward(x);
}

/** The maximum over the last axis but one. The trace keeps the winners, one number an element of the value. */
export const neighbourMax: NeighbourMaxKernel = {
  apply(x) {
    check(x);
    const own = kernel().value;
    if (own) return own(x);
    const { value, winner } = forward(x);
    winner.dispose();
    return value;
  },
  trace(x) {
    const { value, winner } = forward(x);
    const kept = keep(winner);
    const size = x.shape.at(-2)!;
    const pullback: OpPullback<'x'> = once('neighbourMax', [kept], (dy: Tensor, wanted?) =>
      wanted && !wanted.x ? {} : { x: kernel().gradient(kept, dy, size) },
    );
    return { value, pullback };
  },
  winners: forward,
  gradient: (winner, dy, size) => kernel().gradient(winner, dy, size),
};
