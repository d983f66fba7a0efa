/** A run and its pullback, by every method. */
import type { TraceRun } from './contract.ts';
import { checkpointMethod, conventionalMethod, exactMethod, frozenMethod, reversibleMethod } from './methods/index.ts';
import { tracer } from './tracer.ts';

/**
 * Runs forward and keeps what the method keeps. The pullback walks back, hands every trainable parameter's gradient to the sink
 * the moment it exists, and gives the gradients of x0 and of the shift; with `frozen` it gives none. Where the size of a bundle
 * matters, `tracer` gives the same for some methods.
 *
 * @throws CoefficientsError, MethodError, RunShapeError, ToleranceError (`reversible`); StateRangeError (`exact`; on WebGPU from
 * `report.check()`).
 * The pullback throws RebuildError (`exact` with `verify`; on WebGPU from `report.check()`), PullbackSpentError the second time.
 */
export const traceRun: TraceRun = /* @__PURE__ */ tracer(
  conventionalMethod,
  checkpointMethod,
  frozenMethod,
  reversibleMethod,
  exactMethod,
);
