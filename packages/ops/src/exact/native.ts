/**
 * exact on the native library: an operation of our own each, where they are loaded (native/own.ts); elsewhere the host's loops
 * over copies.
 */
import { abs, cast, max, scalar, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import { own, ownOperations } from '../native/own.ts';
import type { ExactGrid } from './grid.ts';
import { host } from './host.ts';
import type { ExactKernel } from './index.ts';

/** The grid as native/kernels/exact.cc reads it. */
function numbers({ a, b, coefficientBits, fractionBits, packing }: ExactGrid): Tensor {
  const streams = packing.flatMap(({ shift, mask, radix, perGroup, groupBits }) => [
    shift,
    mask,
    radix,
    perGroup,
    groupBits,
  ]);
  return tensor1d([a, b, coefficientBits, fractionBits, ...streams], 'int32');
}

/** An operation whose last operand is one number. */
function converted(name: string, x: Tensor, unit: number): Tensor {
  const operand = scalar(unit);
  const [result] = own(name, [x, operand], 1);
  return after(result!, operand);
}

const operations: ExactKernel = {
  quantize: (x, fractionBits) => converted('Dr2netQuantize', x, 2 ** fractionBits),
  dequantize: (x, fractionBits) => converted('Dr2netDequantize', x, 2 ** -fractionBits),
  update(f, x, previous, grid) {
    const on = numbers(grid);
    const [next, side, largest] = own('Dr2netExactUpdate', [f, x, previous, on], 3);
    const [value] = largest!.dataSync();
    return after({ next: next!, side: side!, largest: value! }, on, largest!);
  },
  inverse(next, f, x, side, grid) {
    const on = numbers(grid);
    const [previous] = own('Dr2netExactInverse', [next, f, x, on, side], 1);
    return after(previous!, on);
  },
  largest: (x) => scope(() => max(abs(cast(x, 'float32')))),
};

const kernel = () => (ownOperations() ? operations : host);

export const native: ExactKernel = {
  quantize: (x, fractionBits) => kernel().quantize(x, fractionBits),
  dequantize: (x, fractionBits) => kernel().dequantize(x, fractionBits),
  update: (f, x, previous, grid) => kernel().update(f, x, previous, grid),
  inverse: (next, f, x, side, grid) => kernel().inverse(next, f, x, side, grid),
  largest: (x) => kernel().largest(x),
};
