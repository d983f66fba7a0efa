/** Runs SIMD kernels over tensors: they take addresses in the backend's memory, no byte is copied. */
import { backend, type DataId, type DataType, engine, type Tensor } from '@tensorflow/tfjs-core';
import { type HostOutput, onThisBackend } from '../host.ts';
import type { Loaded, SimdModule } from './module.ts';

interface TensorInfo {
  dataId: DataId;
  shape: number[];
  dtype: DataType;
}

/** The part of the wasm backend's class that is used here; the package exports no type for it. */
interface WasmHeap {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  readonly dataIdMap: { get(dataId: DataId): { readonly memoryOffset: number } };
}

/** A new tensor of float32. */
export const float = (...shape: number[]): HostOutput => ({ shape, dtype: 'float32' });

/**
 * Calls `body` with the kernels of `module` and the addresses of `inputs` and of new tensors, which it must fill, and gives those.
 * @throws Error where the kernels are not there: `load()` must have been asked
 */
export function onHeap<Kernels>(
  module: SimdModule<Kernels>,
  inputs: readonly Tensor[],
  outputs: readonly HostOutput[],
  body: (loaded: Loaded<Kernels>, inputs: number[], outputs: number[]) => void,
): Tensor[] {
  const own = module.load();
  if (!own) throw new Error('The SIMD kernels are not there on this backend.');
  const heap = backend() as unknown as WasmHeap;
  for (const input of inputs) onThisBackend(input);
  const made = outputs.map(({ shape, dtype }) => heap.makeOutput([...shape], dtype));
  const address = ({ dataId }: { dataId: DataId }) => heap.dataIdMap.get(dataId).memoryOffset;
  body(own, inputs.map(address), made.map(address));
  return made.map((info) => engine().makeTensorFromTensorInfo(info));
}
