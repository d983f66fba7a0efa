/**
 * Counts the buffers of a WebGPU device as they are made and destroyed, and refuses one that cannot be bound.
 *
 * TensorFlow.js pools its buffers and frees none while it runs, so what the device has given out is the honest figure.
 * A storage buffer beyond `maxStorageBufferBindingSize` can be made, but whatever is bound to it reads as zeros without
 * an exception; so it is refused here, where every tensor passes.
 */
import type { DeviceMemoryProbe } from '../contract.ts';
import { TensorTooLargeError } from '../errors.ts';

/** GPUBufferUsage.STORAGE, a constant of the WebGPU standard. */
const STORAGE = 0x80;

/** Wraps `createBuffer` of this device, and `destroy` of the buffers it makes from now on. */
export function watchBuffers(device: GPUDevice): DeviceMemoryProbe {
  const limit = device.limits.maxStorageBufferBindingSize;
  let current = 0;
  let peak = 0;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    if ((descriptor.usage & STORAGE) !== 0 && descriptor.size > limit)
      throw new TensorTooLargeError('a tensor', descriptor.size, limit, 'maxStorageBufferBindingSize');
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    let alive = true;
    buffer.destroy = () => {
      if (alive) current -= descriptor.size;
      alive = false;
      return destroy();
    };
    current += descriptor.size;
    peak = Math.max(peak, current);
    return buffer;
  };
  return {
    kind: 'webgpu buffers',
    current: () => current,
    peak: () => peak,
    resetPeak: () => {
      peak = current;
    },
  };
}
