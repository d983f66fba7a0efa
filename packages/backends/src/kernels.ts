/** The TensorFlow.js kernels that this project uses (a test records those of the operations), and which of them a backend has. */
import { getKernelsForBackend } from '@tensorflow/tfjs-core';
import type { KernelCoverage } from './contract.ts';

/** The TensorFlow.js kernels that every backend must have, by name. */
export const neededKernels = [
  'Abs',
  'Add',
  'ArgMax',
  'BatchMatMul',
  'Cast',
  'ClipByValue',
  'Concat',
  'Cos',
  'Equal',
  'Erf',
  'Exp',
  'Fill',
  'Floor',
  'GatherV2',
  'Identity',
  'Log',
  'Max',
  'Maximum',
  'Mean',
  'Minimum',
  'Multiply',
  'Neg',
  'OneHot',
  'Pack',
  'PadV2',
  'RealDiv',
  'Relu',
  'Reshape',
  'Rsqrt',
  'Select',
  'Sigmoid',
  'Sin',
  'Slice',
  'Softmax',
  'SplitV',
  'Sqrt',
  'Square',
  'Step',
  'Sub',
  'Sum',
  'Tile',
  'Transpose',
  'ZerosLike',
] as const;

/** @param tfjsName the name under which TensorFlow.js knows the backend */
export function kernelCoverage(tfjsName: string): KernelCoverage {
  const registered = new Set(getKernelsForBackend(tfjsName).map(({ kernelName }) => kernelName));
  return {
    present: neededKernels.filter((name) => registered.has(name)),
    missing: neededKernels.filter((name) => !registered.has(name)),
  };
}
