/**
 * The dual-residual update in fixed point, invertible bit for bit.
 *
 *     X_{i+1} = round(2ᶠ·F_i(x_i)) + ⌊(a·X_i + b·X_{i−1})/2ˢ⌋
 *
 * States are int32 on a grid of 2⁻ᶠ, α = a/2ˢ, β = b/2ˢ. What the floor throws away, as far as it is needed to find
 * X_{i−1} again, is kept as an index below ⌈2ˢ/|b|⌉, packed at close to log₂ of their number (packing.ts). (The idea: Maclaurin et al., arXiv 1502.03492;
 * momentumnet; BDIA. For this recurrence: this project.)
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectShape } from '../check.ts';
import { choose } from '../engine.ts';
import { type Coarsened, coarseGrid, coarsen, refine } from './coarsen.ts';
import { type ExactGrid, sideWords } from './grid.ts';
import { host } from './host.ts';
import { native } from './native.ts';
import { webgpu } from './webgpu.ts';

/** The next state, and what the update threw away. */
export interface ExactUpdate {
  /** X_{i+1}, int32. Where it left the range it is 2³¹ − 1, and `largest` says so. */
  readonly next: Tensor;
  /** Packed indices, int32 [sideWords]; empty where |β| ≥ 1. */
  readonly side: Tensor;
  /** max |X_{i+1}|; ∞ or at least 2³¹ − 1 where a state left the range or F is not finite. A scalar tensor, owned by the caller, on WebGPU. */
  readonly largest: Tensor | number;
}

/** What an implementation of {@link exact} does. */
export interface ExactKernel {
  /** x float32 → round(2ᶠx), int32, ties to even; what does not fit becomes 2³¹ − 1. */
  quantize(x: Tensor, fractionBits: number): Tensor;
  /** X int32 → X/2ᶠ, float32. */
  dequantize(x: Tensor, fractionBits: number): Tensor;
  update(f: Tensor, x: Tensor, previous: Tensor, grid: ExactGrid): ExactUpdate;
  /** X_{i−1} from X_{i+1}, F_i(x_i) (the same bits as in `update`), X_i and the side information. */
  inverse(next: Tensor, f: Tensor, x: Tensor, side: Tensor, grid: ExactGrid): Tensor;
  /** max |X| as a scalar tensor, for a range check. */
  largest(x: Tensor): Tensor;
}

const kernel = () => choose({ reference: host, webgpu, tensorflow: native });

function checkStates(op: string, states: Readonly<Record<string, Tensor>>): void {
  for (const [name, { dtype }] of Object.entries(states))
    if (dtype !== 'int32') throw new TypeError(`${op}: ${name} is ${dtype}, not int32; quantize it first`);
}

/** F in float32, the states in int32, of one shape. */
function check(op: string, f: Tensor, x: Tensor, states: Readonly<Record<string, Tensor>>): void {
  if (f.dtype !== 'float32') throw new TypeError(`${op}: F(x) is ${f.dtype}, not float32`);
  const all = { ...states, x };
  for (const [name, state] of Object.entries(all)) expectShape(op, name, state, f.shape, 'the shape of F(x)');
  checkStates(op, all);
}

function checkSide(op: string, side: Tensor, x: Tensor, on: ExactGrid): void {
  expectShape(op, 'side', side, [sideWords(x.size, on)], `${on.sideBits} bits for each of ${x.size} elements`);
}

/** {@link exact}: the kernels, and a state on a coarser grid and back. */
export interface Exact extends ExactKernel {
  /** X int32 on a grid coarser by `bits`, 1 … 15: ⌊X/2ᵇⁱᵗˢ⌋, and what that throws away. */
  coarsen(x: Tensor, bits: number): Coarsened;
  /** X again, bit for bit. */
  refine(coarse: Tensor, side: Tensor, bits: number): Tensor;
}

/** The dual-residual update in fixed point, invertible bit for bit. */
export const exact: Exact = {
  quantize: (x, fractionBits) => kernel().quantize(x, fractionBits),
  dequantize: (x, fractionBits) => kernel().dequantize(x, fractionBits),
  update(f, x, previous, on) {
    check('exact.update', f, x, { previous });
    return kernel().update(f, x, previous, on);
  },
  inverse(next, f, x, side, on) {
    check('exact.inverse', f, x, { next });
    checkSide('exact.inverse', side, x, on);
    return kernel().inverse(next, f, x, side, on);
  },
  largest: (x) => kernel().largest(x),
  coarsen(x, bits) {
    checkStates('exact.coarsen', { x });
    return coarsen(kernel(), x, bits);
  },
  refine(coarse, side, bits) {
    checkStates('exact.refine', { coarse });
    checkSide('exact.refine', side, coarse, coarseGrid(bits));
    return refine(kernel(), coarse, side, bits);
  },
};
