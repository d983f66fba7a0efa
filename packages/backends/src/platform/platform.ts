/** What differs between Node and the browser. The file that implements it is chosen by the `#platform` import condition. */
import type { DeviceMemoryProbe } from '../contract.ts';

/** TensorFlow's native library, loaded. */
export interface NativeLibrary {
  /** Version of TensorFlow. */
  readonly version: string;
  readonly usesGpu: boolean;
  readonly settings: Readonly<Record<string, string>>;
  /** TensorFlow's own allocator, or the process where the statistics addon is not there. */
  readonly memory: DeviceMemoryProbe;
  /** Bytes of the device, where it tells. */
  readonly memoryLimit?: number;
}

export interface Platform {
  readonly name: 'node' | 'browser';
  /** The processor in words. */
  readonly processor: string;
  /** Bytes of memory of the machine, where it can be told. */
  readonly machineMemory?: number;
  /** The memory of this process or page. */
  processMemory(): DeviceMemoryProbe;
  /**
   * The entry point of WebGPU.
   * @throws BackendUnavailableError
   */
  findGpu(): Promise<GPU>;
  /** Makes `navigator.gpu` and the classes of WebGPU global, as the WebGPU backend expects before it is imported. */
  installGpu(gpu: GPU): Promise<void>;
  /**
   * Looks whether TensorFlow's native library can be loaded, without loading it.
   * @throws BackendUnavailableError
   */
  findNative(kind: 'cpu' | 'gpu'): void;
  /**
   * Loads TensorFlow's native library; the npm package registers itself with TensorFlow.js.
   * @throws BackendUnavailableError
   */
  loadNative(kind: 'cpu' | 'gpu'): Promise<NativeLibrary>;
}
