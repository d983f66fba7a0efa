export { type AdamWOptions, adamW } from './adamw.ts';
export type { Clip, UpdateMode } from './clip.ts';
export { CollectedGradients } from './collect.ts';
export { decaysByDefault, type Optimizer, type OptimizerOptions, type Slots, type Update } from './contract.ts';
export { MovingAverage } from './ema.ts';
export { countUses, ImmediateUpdates } from './immediate.ts';
export { type SgdOptions, sgd } from './sgd.ts';
export { OptimizerState } from './state.ts';
export type { GradientUse, StepUse } from './use.ts';
