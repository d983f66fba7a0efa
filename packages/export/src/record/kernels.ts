/** The recorder's kernels, in TensorFlow.js's registry. */
import { type CompressedRows, recorderBackend } from '@dr2net/ops';
import {
  type KernelConfig,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  type TypedArray,
  util,
} from '@tensorflow/tfjs-core';
import { rules } from '../rules/index.ts';
import type { RecorderBackend } from './backend.ts';

const infoOf = (inputs: NamedTensorInfoMap) => inputs as Readonly<Record<string, TensorInfo>>;

/** A constant that the recorder makes itself. */
function constant(
  backend: RecorderBackend,
  values: TypedArray,
  shape: number[],
  dtype: TensorInfo['dtype'],
): TensorInfo {
  return { dataId: backend.write(values, shape, dtype), shape, dtype };
}

function kernel(
  kernelName: string,
  run: (backend: RecorderBackend, inputs: NamedTensorInfoMap, attrs: Record<string, unknown>) => TensorInfo,
): KernelConfig {
  return {
    kernelName,
    backendName: recorderBackend,
    kernelFunc: ({ inputs, attrs, backend }) => run(backend as RecorderBackend, inputs, { ...attrs }),
  };
}

/** Those that are no operation of the graph. */
const besides = [
  kernel('Identity', (backend, inputs) => backend.share(infoOf(inputs).x!)),
  kernel('Fill', (backend, _, attrs) => {
    const {
      shape,
      value,
      dtype = 'float32',
    } = attrs as { shape: number[]; value: number; dtype?: 'float32' | 'int32' };
    const values = util.getTypedArrayFromDType(dtype, util.sizeFromShape(shape)) as TypedArray;
    return constant(backend, values.fill(value), shape, dtype);
  }),
  kernel('Range', (backend, _, attrs) => {
    const { start, stop, step, dtype } = attrs as {
      start: number;
      stop: number;
      step: number;
      dtype: 'float32' | 'int32';
    };
    const numbers = Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step);
    const values = dtype === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers);
    return constant(backend, values, [numbers.length], dtype);
  }),
];

/** The lists of a map of rows that are inputs of the network. */
function boundLists(backend: RecorderBackend, { map }: Record<string, unknown>): Record<string, TensorInfo> {
  if (!map) return {};
  const { sources, weights } = map as CompressedRows;
  const [rows, factors] = [backend.boundPart(sources), backend.boundPart(weights)];
  return { ...(rows && { sources: rows }), ...(factors && { weights: factors }) };
}

let registered = false;

/** Once a process. */
export function registerKernels(): void {
  if (registered) return;
  registered = true;
  for (const rule of rules)
    registerKernel(
      kernel(rule.kernel, (backend, inputs, attrs) =>
        backend.make(rule, { ...infoOf(inputs), ...boundLists(backend, attrs) }, attrs),
      ),
    );
  for (const config of besides) registerKernel(config);
}
