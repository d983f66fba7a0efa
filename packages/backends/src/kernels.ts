/** The TensorFlow.js kernels that this project's operations use, and which of them a backend has. */
import { getKernelsForBackend } from '@tensorflow/tfjs-core';
import type { KernelCoverage } from './contract.ts';

export const neededKernels = [
  '_FusedMatMul',
  'Add',
  'AddN',
  'BatchMatMul',
  'Cast',
  'Concat',
  'Exp',
  'Erf',
  'Floor',
  'FloorDiv',
  'GatherV2',
  'Greater',
  'GreaterEqual',
  'Identity',
  'Less',
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
  'Reshape',
  'Round',
  'Rsqrt',
  'Select',
  'Slice',
  'Softmax',
  'SplitV',
  'Sqrt',
  'Square',
  'SquaredDifference',
  'Sub',
  'Sum',
  'Tanh',
  'Tile',
  'Transpose',
  'UnsortedSegmentSum',
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
