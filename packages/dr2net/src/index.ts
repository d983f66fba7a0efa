/** Everything that finetuning needs, in one import. Reports have an entry of their own: `dr2net/report`. */
export * from '@dr2net/backends';
export * from '@dr2net/core';
export * from '@dr2net/detection';
// Names that two packages have: the one of the package that most people mean, and another name for the other.
export {
  type FileEntry as ImageEntry,
  NoDecoderError as NoImageDecoderError,
  type Normalisation as ImageNormalisation,
} from '@dr2net/detection';
export * from '@dr2net/export';
export * from '@dr2net/memory';
export type { StepOptions } from '@dr2net/models';
export * from '@dr2net/models';
export { checkShaders, ShaderError, type TuneOptions, type TuneReport, type TuneStore, tune } from '@dr2net/ops';
export type { FileEntry } from '@dr2net/pointcloud';
export * from '@dr2net/pointcloud';
export type {
  CoefficientSchedule,
  LearningRateSchedule,
  LookingSchedule,
  StepOptions as StepRateOptions,
} from '@dr2net/schedulers';
export * from '@dr2net/schedulers';
export type { Clip as GradientClip } from '@dr2net/train';
export * from '@dr2net/train';
export * from '@dr2net/video';
export { type Clip, NoDecoderError, type Normalisation } from '@dr2net/video';
export { type FacadeOptions, finetune, type MemoryChoice } from './facade/finetune.ts';
export { progress } from './facade/progress.ts';
