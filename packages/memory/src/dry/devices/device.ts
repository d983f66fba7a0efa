/** A model of what a backend's allocator takes from its device for the tensors that are asked of it. */

export interface Block {
  /** Bytes that it takes from the device. */
  readonly bytes: number;
}

export interface DeviceModel {
  /** Bytes that are taken now. */
  readonly bytes: number;
  /** Whether values from the host take memory only when a kernel reads them. */
  readonly lazy: boolean;
  /** @param fromHost whether its values come from the host */
  allocate(bytes: number, fromHost: boolean): Block;
  release(block: Block): void;
  /** A kernel was put into the queue; it uses these blocks until it has run. */
  dispatch?(blocks: readonly Block[]): void;
  /** The host waits until the queue is empty. */
  wait?(): void;
}
