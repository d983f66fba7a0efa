/** linear as one recorded operation. */
import { forwardOnly, record } from '../recorder/record.ts';
import type { AffineKernel } from './index.ts';

export const recorded: AffineKernel = {
  apply: (x, weight, bias) => record('Dr2netLinear', { x, weight, ...(bias && { bias }) }, {}),
  trace: () => forwardOnly('linear'),
  gradients: () => forwardOnly('linear'),
};
