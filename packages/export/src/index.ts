export * from './errors.ts';
export type { ExportedNetwork, NetworkInput, NetworkNumbers } from './network.ts';
export { type ClassifierToExport, classifierNetwork } from './networks/classifier.ts';
export type { TrainedCoefficients } from './networks/metadata.ts';
export { geometryLists, type SegmenterToExport, segmenterNetwork } from './networks/segmenter.ts';
export { type YolosToExport, yolosNetwork } from './networks/yolos.ts';
export { exportOnnx, type OnnxModel, type OnnxOptions } from './onnx/export.ts';
export { type OnnxDifference, type OnnxRuntime, type VerifyOnnxOptions, verifyOnnx } from './verify.ts';
