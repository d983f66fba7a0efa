/** Bytes that a method's tensors take. */
import type { Tensor } from '@tensorflow/tfjs-core';

/** Bytes of tensors of 4-byte elements; a tensor's data counts once, however many handles there are. */
export function bytesOf(tensors: Iterable<Tensor>): number {
  const data = new Map([...tensors].map((tensor) => [tensor.dataId, tensor.size * 4]));
  return [...data.values()].reduce((sum, bytes) => sum + bytes, 0);
}
