export * from './checkpoint/errors.ts';
export { checkpointName } from './checkpoint/name.ts';
export * from './errors.ts';
export * from './loop/events.ts';
export { finetune } from './loop/finetune.ts';
export type { BackendHooks, CheckpointOptions, EvaluateOptions, FinetuneOptions } from './loop/options.ts';
export type { CoefficientSchedule, LearningRateSchedule, LookingSchedule } from './loop/schedule.ts';
export * from './optimizer/index.ts';
export * from './progress.ts';
