/** Loops over tensors in JavaScript: on the wasm heap itself, on the cpu backend's arrays, on copies of node's. */
import {
  backend,
  type DataId,
  type DataType,
  engine,
  getBackend,
  type Tensor,
  type TypedArray,
  tensor,
} from '@tensorflow/tfjs-core';

export interface HostOutput {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

interface TensorInfo {
  dataId: DataId;
  shape: number[];
  dtype: DataType;
}

/** The part of the wasm backend's class that is used here; the package exports no type for it. */
interface WasmHeap {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): TypedArray;
}

/**
 * Runs `body` over the values of `inputs` (read only) and of new tensors, which it must fill, and gives those.
 * Not on WebGPU, whose values cannot be read synchronously.
 */
export function onHost(
  inputs: readonly Tensor[],
  outputs: readonly HostOutput[],
  body: (inputs: TypedArray[], outputs: TypedArray[]) => void,
): Tensor[] {
  if (getBackend() === 'wasm') {
    const heap = backend() as unknown as WasmHeap;
    for (const input of inputs) onThisBackend(input);
    // All memory is taken first: growing the heap detaches the views.
    const made = outputs.map(({ shape, dtype }) => heap.makeOutput([...shape], dtype));
    body(
      inputs.map((input) => heap.typedArrayFromHeap(input)),
      made.map((info) => heap.typedArrayFromHeap(info)),
    );
    return made.map((info) => engine().makeTensorFromTensorInfo(info));
  }
  const arrays = outputs.map(({ shape, dtype }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
  });
  body(
    inputs.map((input) => input.dataSync()),
    arrays,
  );
  return outputs.map(({ shape, dtype }, i) => tensor(arrays[i]!, [...shape], dtype));
}

/** Brings a tensor that was made on another backend over, as the engine does before a kernel. */
export function onThisBackend(input: Tensor): void {
  const state = engine().state.tensorInfo.get(input.dataId);
  if (state && state.backend !== backend()) engine().moveData(backend(), input.dataId);
}
