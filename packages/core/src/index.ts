export { applyRun, runStates } from './apply.ts';
export * from './contract.ts';
export { differentiableRun } from './differentiable.ts';
export * from './errors.ts';
export { chooseFractionBits, ExactScale, type ExactScaleState } from './exact-scale.ts';
export { fromFunction, type TensorFunction } from './from-function.ts';
export { measureRange } from './measure.ts';
export { methodCoefficients, methodNames } from './methods/index.ts';
export { traceRun } from './trace.ts';
