/** exact on the native library: the host's loops over copies, but for the conversion, which needs no exact integers. */
import { cast, mul } from '@tensorflow/tfjs-core';
import { after, scope } from '../engine.ts';
import { host } from './host.ts';
import type { ExactKernel } from './index.ts';

export const native: ExactKernel = {
  ...host,
  dequantize: (x, fractionBits) =>
    scope(() => {
      const rounded = cast(x, 'float32');
      return after(mul(rounded, 2 ** -fractionBits), rounded);
    }),
};
