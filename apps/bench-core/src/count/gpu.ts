/**
 * Counts what a page or process asks of WebGPU, whoever asks: the classes' prototypes are wrapped, so TensorFlow.js, our kernels and
 * jax-js are counted alike.
 *
 * Bytes: the sizes of the ranges bound to each dispatch, each counted once a dispatch. A kernel that reads an operand several times
 * moves more, one that leaves parts of a buffer alone less.
 */

export interface GpuCount {
  readonly dispatches: number;
  readonly boundBytes: number;
}

let dispatches = 0;
let boundBytes = 0;
let liveBytes = 0;
let peakBytes = 0;
let wrapped = false;

/** Bytes of a bind group's buffers. */
const groupBytes = new WeakMap<GPUBindGroup, number>();
/** What each pass has bound at the moment, by index. */
const bound = new WeakMap<GPUComputePassEncoder, Map<number, number>>();

function rangeBytes({ resource }: GPUBindGroupEntry): number {
  if ('usage' in resource) return 'size' in resource ? resource.size : 0;
  if (!('buffer' in resource)) return 0;
  return resource.size ?? resource.buffer.size - (resource.offset ?? 0);
}

/** Replaces a method by one that is told its arguments and its result. */
function wrap<K extends string, A extends unknown[], R>(
  owner: { [name in K]: (...args: A) => R },
  name: K,
  told: (self: object, args: A, result: R) => void,
): void {
  const inner = owner[name];
  owner[name] = function wrappedMethod(this: object, ...args: A): R {
    const result = inner.apply(this, args);
    told(this, args, result);
    return result;
  } as (typeof owner)[K];
}

/** Wraps the classes of WebGPU where they are there (in Node after `startBackend('webgpu')`). */
export function watchGpu(): void {
  if (wrapped || typeof GPUComputePassEncoder === 'undefined') return;
  wrapped = true;
  const pass = GPUComputePassEncoder.prototype;
  const count = (self: object) => {
    dispatches++;
    for (const bytes of bound.get(self as GPUComputePassEncoder)?.values() ?? []) boundBytes += bytes;
  };
  wrap(pass as { dispatchWorkgroups: (...sizes: number[]) => undefined }, 'dispatchWorkgroups', count);
  wrap(
    pass as { dispatchWorkgroupsIndirect: (buffer: GPUBuffer, offset: number) => undefined },
    'dispatchWorkgroupsIndirect',
    count,
  );
  wrap(
    pass as { setBindGroup: (index: number, group: GPUBindGroup | null, ...offsets: unknown[]) => undefined },
    'setBindGroup',
    (self, [index, group]) => {
      const groups = bound.get(self as GPUComputePassEncoder) ?? new Map<number, number>();
      bound.set(self as GPUComputePassEncoder, groups);
      groups.set(index, group ? (groupBytes.get(group) ?? 0) : 0);
    },
  );
  const device = GPUDevice.prototype;
  wrap(
    device as { createBindGroup: (descriptor: GPUBindGroupDescriptor) => GPUBindGroup },
    'createBindGroup',
    (_self, [{ entries }], group) => {
      groupBytes.set(
        group,
        [...entries].reduce((sum, entry) => sum + rangeBytes(entry), 0),
      );
    },
  );
  const sizes = new WeakMap<GPUBuffer, number>();
  wrap(
    device as { createBuffer: (descriptor: GPUBufferDescriptor) => GPUBuffer },
    'createBuffer',
    (_self, [{ size }], buffer) => {
      sizes.set(buffer, size);
      liveBytes += size;
      peakBytes = Math.max(peakBytes, liveBytes);
    },
  );
  wrap(GPUBuffer.prototype, 'destroy', (self) => {
    liveBytes -= sizes.get(self as GPUBuffer) ?? 0;
    sizes.delete(self as GPUBuffer);
  });
}

/** What `body` asks, or undefined where there is no WebGPU. */
export async function countGpu(body: () => Promise<unknown>): Promise<GpuCount | undefined> {
  if (!wrapped) return undefined;
  const before = { dispatches, boundBytes };
  await body();
  return { dispatches: dispatches - before.dispatches, boundBytes: boundBytes - before.boundBytes };
}

/** Bytes of all buffers of all devices, made since {@link watchGpu}. */
export const gpuBuffers = {
  kind: 'webgpu buffers',
  current: () => liveBytes,
  peak: () => peakBytes,
  resetPeak: () => {
    peakBytes = liveBytes;
  },
};
