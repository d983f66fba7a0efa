/** GELU as one recorded operation. */
import { forwardOnly, record } from '../recorder/record.ts';
import type { GeluKernel } from './index.ts';

export const recorded: GeluKernel = {
  apply: (x) => record('Dr2netGelu', { x }, {}),
  trace: () => forwardOnly('gelu'),
};
