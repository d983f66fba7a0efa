/** What the browser and Node have in common. */
export type { ColourOptions } from '@dr2net/models';
export type { EraseOptions } from './augment/erase.ts';
export type { CropOptions } from './augment/geometry.ts';
export type { MixOptions } from './augment/mix.ts';
export type { Augmentation, Normalisation } from './augment/sample.ts';
export type { Clip, ClipDataset, ClipFile, ClipSpan } from './dataset/clip.ts';
export { BadClipError, type BadClipReason, DatasetError, NoDecoderError, UnknownLabelError } from './dataset/errors.ts';
export { type Inspected, type InspectOptions, inspectClips } from './dataset/inspect.ts';
export { type LabelOptions, labelClips, type NamedClip } from './dataset/labels.ts';
export { type SplitOptions, splitClips } from './dataset/split.ts';
export { parseClipTable, selectSplit, type TableOptions, type TableRow } from './dataset/table.ts';
export type { ClipInfo, ClipReader, OpenClip, Size } from './reader/contract.ts';
export { type ClipStore, memoryStore, type StoredClip, type StoredHeader } from './reader/store.ts';
export { type ClipForm, savedClipForm } from './recognition/clip-form.ts';
export type { RecognitionEvaluation, ScoredClips, ScoreOptions } from './recognition/evaluate.ts';
export { ClassesError } from './recognition/head.ts';
export { type RecognitionMetrics, recognitionMetrics, type Scores } from './recognition/metrics.ts';
export type { RecognizerOptions } from './recognition/options.ts';
export { ActionRecognizer, actionRecognizer, BackboneInputError } from './recognition/recognizer.ts';
export { probabilities, type ViewAverage, ViewScores } from './recognition/views.ts';
export {
  type DenseOptions,
  denseSampling,
  type Sampling,
  type UniformOptions,
  uniformSampling,
} from './sampling/sampling.ts';
export type { ClipBatch } from './source/batch.ts';
export type { ClipSourceOptions } from './source/options.ts';
export type { ClipSource } from './source/source.ts';
