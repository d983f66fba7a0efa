/** The maximum over neighbours of two ordinary operations, for a recorder; on ties the first neighbour wins. */
import { argMax, max } from '@tensorflow/tfjs-core';
import { scope } from '../engine.ts';
import { forwardOnly } from '../recorder/record.ts';
import type { MaxGradient, MaxWithWinner } from './index.ts';

export const recorded: { readonly forward: MaxWithWinner; readonly gradient: MaxGradient } = {
  forward: (x) => scope(() => ({ value: max(x, -2), winner: argMax(x, -2) })),
  gradient: () => forwardOnly('neighbourMax'),
};
