/** No allocator at all: device bytes are logical bytes and kernels' scratch. For the backend `cpu`, whose arrays belong to JavaScript's collector. */
import type { Block, DeviceModel } from './device.ts';

export class LogicalModel implements DeviceModel {
  bytes = 0;
  readonly lazy = false;

  allocate(bytes: number): Block {
    this.bytes += bytes;
    return { bytes };
  }

  release({ bytes }: Block): void {
    this.bytes -= bytes;
  }
}
