/** What a started backend tells about itself. */
import type { BackendName } from './names.ts';

/** Reads the memory that a backend has really taken from its device. All figures in bytes. */
export interface DeviceMemoryProbe {
  /** What is counted, for tables: 'webgpu buffers', 'tensorflow allocator', 'wasm heap', 'process resident set'. */
  readonly kind: string;
  /** Bytes now, or undefined where it cannot be told. */
  current(): number | undefined;
  /** The most bytes since the start or the last `resetPeak`. */
  peak(): number | undefined;
  /** Starts the peak anew at what is in use now. A heap that only grows (wasm) cannot fall below its highest size. */
  resetPeak(): void;
}

/** Sizes in bytes; absent where the backend has no such limit or does not tell it. */
export interface BackendLimits {
  /** The largest tensor that the device can hold and use. */
  readonly maxTensorBytes?: number;
  /** WebGPU: `maxBufferSize`. */
  readonly maxBufferSize?: number;
  /** WebGPU: `maxStorageBufferBindingSize`; beyond it a tensor reads as zeros, with no exception. */
  readonly maxStorageBufferBindingSize?: number;
  /** Memory of the device, the heap or the machine. */
  readonly memory?: number;
}

/** Which of the kernels that this project uses the backend has. */
export interface KernelCoverage {
  readonly present: readonly string[];
  readonly missing: readonly string[];
}

/** A started backend: what it runs on, and what it can do. {@link startBackend} gives one. */
export interface Backend {
  readonly name: BackendName;
  /** The name under which TensorFlow.js knows it: `tf.getBackend()`. */
  readonly tfjsName: string;
  /** The device in words: adapter, processor, versions. */
  readonly device: string;
  /** Whether a graphics device is emulated by the processor (lavapipe, SwiftShader). */
  readonly software: boolean;
  readonly limits: BackendLimits;
  readonly kernelCoverage: KernelCoverage;
  /** Whether the same call on the same values gives the same bits every time, with the settings below. */
  readonly deterministic: boolean;
  /** Flags and environment variables that were set for determinism, precision and memory, as they are in force. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly memory: DeviceMemoryProbe;
  /**
   * Refuses a tensor of `bytes` bytes that the device cannot hold; `what` names it in the error.
   * @throws TensorTooLargeError
   */
  assertFits(bytes: number, what: string): void;
  /**
   * Raises an error that the device reported since the last call (WebGPU reports them later than the call that caused
   * them). Call it once a step.
   * @throws DeviceLostError when the device is gone, at every call
   * @throws DeviceError
   */
  check(): void;
  /**
   * Gives back to the device what no tensor uses: WebGPU's pool of buffers, which keeps what was once needed at most. Nothing elsewhere: a
   * wasm heap never shrinks, and TensorFlow's allocator counts only what is in use.
   */
  trim(): void;
  /** Frees the backend with every tensor on it. It can be started again. */
  dispose(): void;
}

/** What {@link startBackend} may be told. */
export interface StartOptions {
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are served: a folder's URL, or a URL for each file.
   * Needed in a browser, where a bundler moves them; not in Node.
   */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
  /**
   * Whether `webgpu` may run on a graphics device that the processor emulates. Default: yes when `webgpu` is asked for by name;
   * `auto` prefers `node` and `wasm` to it.
   */
  readonly allowSoftware?: boolean;
  /** Whether to compare a small forward and gradient with a known answer first. Default true. */
  readonly selfTest?: boolean;
}
