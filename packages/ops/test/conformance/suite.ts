/**
 * The conformance suite: every op, value and gradients against float64, on the backend that is current. Nothing here needs
 * Node: a browser page starts a backend, imports `suite` and runs its checks.
 */
import { bitChecks } from './bits.ts';
import { blockChecks } from './block.ts';
import type { Check } from './case.ts';
import { endChecks } from './ends.ts';
import { exactChecks } from './exact.ts';
import { linearChecks } from './linear.ts';
import { residualChecks } from './residual.ts';

export type { Check } from './case.ts';

export const suite: readonly Check[] = [
  ...linearChecks,
  ...blockChecks,
  ...endChecks,
  ...bitChecks,
  ...residualChecks,
  ...exactChecks,
];
