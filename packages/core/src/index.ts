export { applyRun, runStates } from './apply.ts';
export * from './contract.ts';
export * from './errors.ts';
export { chooseFractionBits, ExactScale, type ExactScaleState } from './exact-scale.ts';
export { measureRange } from './measure.ts';
export { methodCoefficients, methodNames } from './methods/index.ts';
export { traceRun } from './trace.ts';
