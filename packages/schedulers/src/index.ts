export { type AdaptiveOptions, type AdaptiveState, adaptive } from './coefficients/adaptive.ts';
export { type AuthorsOptions, type AuthorsPolicy, authors, type ClockPosition } from './coefficients/authors.ts';
export { type AuthorsEarlyOptions, authorsEarly, type EarlyPolicy } from './coefficients/authors-early.ts';
export { constant } from './coefficients/constant.ts';
export { type DynamicOptions, dynamic, type Warmup } from './coefficients/dynamic.ts';
export { coefficientScheduleFromJSON, coefficientScheduleNames } from './coefficients/index.ts';
export type { PathOptions } from './coefficients/path.ts';
export * from './contract.ts';
export type { Position } from './position.ts';
export { learningRateFromJSON, learningRateNames } from './rates/index.ts';
export {
  constantRate,
  cosineRate,
  type DecayOptions,
  linearRate,
  type StepOptions,
  stepRate,
} from './rates/rates.ts';
export type { WarmupOptions } from './rates/warmup.ts';
