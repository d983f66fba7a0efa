/**
 * The part of tfjs's WebGPU backend that our dispatches use. Its type declarations keep some of it private; the fields are ordinary ones and
 * stand in the pinned version, which the conformance suite would tell.
 */
import { backend as current, type DataId, type DataType } from '@tensorflow/tfjs-core';

export interface TensorInfo {
  dataId: DataId;
  shape: number[];
  dtype: DataType;
}

export interface WebgpuBackend {
  readonly device: GPUDevice;
  /** `values`: what is known on the host; `dtype`: of what the buffer holds. */
  readonly tensorMap: {
    get(id: DataId): { readonly resource?: GPUBuffer | null; values?: unknown; readonly dtype: DataType };
  };
  /** Data whose release must wait for the submit. */
  readonly commandQueueOwnedIds: WeakSet<DataId>;
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo;
  uploadToGPU(id: DataId): void;
  disposeData(id: DataId): boolean;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

export function webgpuBackend(): WebgpuBackend {
  return current() as unknown as WebgpuBackend;
}
