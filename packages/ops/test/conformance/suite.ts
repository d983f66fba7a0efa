/**
 * The conformance suite: every op, value and gradients against float64, on the backend that is current. Nothing here needs
 * Node: a browser page starts a backend, imports `suite` and runs its checks.
 */
import { getBackend } from '@tensorflow/tfjs-core';
import { layers } from '../../src/simd/layers.ts';
import { adamChecks } from './adam.ts';
import { bitChecks } from './bits.ts';
import { blockChecks } from './block.ts';
import type { Check } from './case.ts';
import { deformableChecks } from './deformable.ts';
import { endChecks } from './ends.ts';
import { exactChecks } from './exact.ts';
import { limitChecks } from './limits.ts';
import { linearChecks } from './linear.ts';
import { longChecks } from './long.ts';
import { pointChecks } from './points.ts';
import { residualChecks } from './residual.ts';

export type { Check } from './case.ts';

/** A browser that shares memory between threads runs the composed operations, whose products have all of them. */
const simdIsUsed: Check = {
  name: 'wasm on one thread runs the SIMD kernels',
  here: () => getBackend() === 'wasm' && globalThis.crossOriginIsolated !== true,
  run: async () => {
    if (getBackend() === 'wasm' && globalThis.crossOriginIsolated !== true && !layers.load())
      throw new Error('the module is not there');
  },
};

export const suite: readonly Check[] = [
  simdIsUsed,
  ...linearChecks,
  ...blockChecks,
  ...deformableChecks,
  ...longChecks,
  ...endChecks,
  ...bitChecks,
  ...residualChecks,
  ...exactChecks,
  ...adamChecks,
  ...pointChecks,
  ...limitChecks,
];
