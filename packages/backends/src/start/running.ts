/** What a backend's starter hands to `startBackend`, before the checks that are the same for all. */
import type { BackendLimits, DeviceMemoryProbe, StartOptions } from '../contract.ts';

export interface Running {
  readonly tfjsName: string;
  readonly device: string;
  readonly software?: boolean;
  readonly limits: BackendLimits;
  readonly deterministic: boolean;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly memory: DeviceMemoryProbe;
  /** The name of the limit behind `limits.maxTensorBytes`. */
  readonly limitName?: string;
  /** Gives back to the device what is kept for later; absent where nothing is, or it cannot be. */
  trim?(): void;
  /** Takes the errors that the device reported since the last call. */
  takeErrors?(): readonly string[];
  /** Why the device is gone, once it is. */
  lost?(): string | undefined;
  /** Frees what TensorFlow.js does not free when it removes the backend. */
  release?(): void;
}

/**
 * Makes the backend the current one of TensorFlow.js.
 * @throws BackendUnavailableError
 */
export type Starter = (options: StartOptions) => Promise<Running>;
