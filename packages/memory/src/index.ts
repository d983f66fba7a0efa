export { type DryClassifierParts, dryClassifier } from './dry/classifier.ts';
export { type PlannedBackend, plannedBackends } from './dry/devices/index.ts';
export { DryEngine, type DryTensor } from './dry/engine.ts';
export { type AttentionSizes, dryAttention } from './dry/kernels/attention.ts';
export { type DryByHeadsParts, dryByHeads } from './dry/kernels/by-heads.ts';
export { dryByRows } from './dry/kernels/by-rows.ts';
export type { SideWords } from './dry/kernels/exact.ts';
export { type KernelFamily, rowBlocks, sumOfRows } from './dry/kernels/family.ts';
export { dryLayerNorm } from './dry/kernels/layer-norm.ts';
export { affine, affineGradients, dryLinear, dryLinearGelu } from './dry/kernels/linear.ts';
export { accumulated, DrySums } from './dry/kernels/parts.ts';
export { type Bytes, type Kind, kinds } from './dry/kinds.ts';
export {
  type DryInputLayer,
  type DryLayer,
  type DryParameter,
  type DryPullback,
  type DrySink,
  type DryTraced,
  deliver,
  drySequential,
} from './dry/layer.ts';
export { backward as dryBackward, type DryMethod, record as dryRecord } from './dry/methods/index.ts';
export type { DryExactRun, DrySubBlock } from './dry/methods/run.ts';
export type { DryNetwork, DryPass } from './dry/network.ts';
export { type MemoryModel, type MemoryPrediction, type MemorySetting, predictMemory } from './dry/predict.ts';
export { type DryTraining, type PlannedOptimizer, plannedOptimizers } from './dry/training.ts';
export * from './format.ts';
export * from './leaks.ts';
export { VARIABLES } from './ledger.ts';
export { MemoryLimitError } from './limit.ts';
export * from './meter.ts';
export { BudgetError, parseBytes } from './plan/budget.ts';
export {
  BudgetTooSmallError,
  type Candidate,
  choosePlan,
  type Plan,
  type Planned,
  type PlanWords,
  planned,
  plannedAll,
  planOf,
  type Weighed,
} from './plan/search.ts';
export { stepWork } from './plan/time.ts';
export * from './report.ts';
export * from './svg.ts';
export * from './timeline.ts';
