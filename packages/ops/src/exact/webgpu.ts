/** The exact update on WebGPU: our own kernels, because tfjs's int32 arithmetic goes through float32 there. */
import { max, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { run } from '../webgpu/each.ts';
import { type ExactGrid, sideWords } from './grid.ts';
import type { ExactKernel } from './index.ts';
import * as kernels from './kernels.ts';
import { streamWords } from './packing.ts';

const rounding = (fractionBits: number) => ({ unit: 2 ** fractionBits, bound: 2 ** (31 - fractionBits) });

const coefficients = ({ a, b, coefficientBits: s }: ExactGrid) => ({ a, b, s, mask: 2 ** s - 1, divisor: Math.abs(b) });

/** The parameters of a packing with at least one stream. */
function streams({ packing: [first, second] }: ExactGrid, size: number) {
  const one = first!;
  const two = second ?? { ...one, radix: 0 };
  return {
    split: streamWords(size, one),
    ...{ shift0: one.shift, mask0: one.mask, radix0: one.radix, perGroup0: one.perGroup, groupBits0: one.groupBits },
    ...{ shift1: two.shift, mask1: two.mask, radix1: two.radix, perGroup1: two.perGroup, groupBits1: two.groupBits },
  };
}

function largest(x: Tensor): Tensor {
  const each = run(kernels.magnitudes, [x], { elements: x.size }, [Math.min(4096, x.size)]);
  return after(max(each), each);
}

function pack(x: Tensor, previous: Tensor, grid: ExactGrid): Tensor {
  if (grid.packing.length === 0) return zeros([0], 'int32');
  const shape = [sideWords(x.size, grid)];
  return run(kernels.pack, [x, previous], { ...coefficients(grid), ...streams(grid, x.size), elements: x.size }, shape);
}

export const webgpu: ExactKernel = {
  quantize: (x, fractionBits) => run(kernels.quantize, [x], rounding(fractionBits), x.shape),
  dequantize: (x, fractionBits) => run(kernels.dequantize, [x], { unit: 2 ** -fractionBits }, x.shape),
  update(f, x, previous, grid) {
    const { alpha, beta } = grid;
    const params = { ...coefficients(grid), ...rounding(grid.fractionBits), alpha, beta };
    const next = run(kernels.update, [f, x, previous], params, x.shape);
    return { next, side: pack(x, previous, grid), largest: largest(next) };
  },
  inverse(next, f, x, side, grid) {
    const params = { ...coefficients(grid), ...rounding(grid.fractionBits) };
    return grid.packing.length === 0
      ? run(kernels.inverseWithoutSide, [next, f, x], params, x.shape)
      : run(kernels.inverse, [next, f, x, side], { ...params, ...streams(grid, x.size) }, x.shape);
  },
  largest,
};
