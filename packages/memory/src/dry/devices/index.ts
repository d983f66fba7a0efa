/** The model of each backend's allocator. */
import { BfcModel } from './bfc.ts';
import { BufferPoolModel } from './buffers.ts';
import type { DeviceModel } from './device.ts';
import { HeapModel } from './heap.ts';
import { LogicalModel } from './logical.ts';

const models = {
  webgpu: () => new BufferPoolModel(),
  'node-gpu': () => new BfcModel(),
  node: () => new BfcModel(),
  wasm: () => new HeapModel(),
  cpu: () => new LogicalModel(),
} as const;

/** The backends whose memory can be predicted. */
export type PlannedBackend = keyof typeof models;

/** The backends whose memory is predicted. */
export const plannedBackends = Object.keys(models) as readonly PlannedBackend[];

export function deviceModel(backend: PlannedBackend): DeviceModel {
  return models[backend]();
}
