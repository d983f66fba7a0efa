/** Reading results: at once on backends that can, later on WebGPU, which reads asynchronously only. */
import { getBackend, type Tensor } from '@tensorflow/tfjs-core';

export type Later<T> = T | Promise<T>;

/** Whether the active backend can read a tensor synchronously. */
export function readsAtOnce(): boolean {
  return getBackend() !== 'webgpu';
}

/** The numbers of a tensor, which is taken over and freed once they are read. */
export function readNumbers(tensor: Tensor): Later<ArrayLike<number>> {
  if (readsAtOnce()) {
    try {
      return tensor.dataSync().slice();
    } finally {
      tensor.dispose();
    }
  }
  const numbers = tensor.data().finally(() => tensor.dispose());
  // Whoever awaits the promise sees the failure; a run whose check nobody awaits must not end the process.
  numbers.catch(() => {});
  return numbers;
}

/** Applies `f` now or when the value is there. */
export function whenRead<T, U>(value: Later<T>, f: (value: T) => U): Later<U> {
  if (!(value instanceof Promise)) return f(value);
  const result = value.then(f);
  result.catch(() => {});
  return result;
}

/** The largest number; NaN counts as infinity, so that no comparison lets it through. 0 for none. */
export function largestOf(numbers: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (!(value <= largest)) largest = Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
  }
  return largest;
}
