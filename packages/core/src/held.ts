/** The tensors that a computation over several steps owns, so that an error on the way leaves none behind. */
import { share } from '@dr2net/ops';
import { keep, type Tensor } from '@tensorflow/tfjs-core';

export class Held {
  readonly #tensors = new Set<Tensor>();

  /** Takes a tensor over. */
  add<T extends Tensor>(tensor: T): T {
    this.#tensors.add(tensor);
    return tensor;
  }

  /** Takes a tensor over that must outlive a surrounding `tf.tidy`: for what lies between forward and backward. */
  keep<T extends Tensor>(tensor: T): T {
    return this.add(keep(tensor));
  }

  /** Takes over a second handle on a borrowed tensor's data. */
  share<T extends Tensor>(tensor: T): T {
    return this.add(share(tensor));
  }

  /** Frees tensors of this set, now. Others are left alone. */
  free(...tensors: (Tensor | undefined)[]): void {
    for (const tensor of tensors) if (tensor && this.#tensors.delete(tensor)) tensor.dispose();
  }

  /** Gives a tensor away: the caller of the computation owns it from now on. */
  release<T extends Tensor>(tensor: T): T {
    this.#tensors.delete(tensor);
    return tensor;
  }

  /** Frees all. */
  dispose(): void {
    this.free(...this.#tensors);
  }
}

/** Runs `body` with a set of owned tensors; when it throws, all that are still in the set are freed. */
export function holding<T>(body: (held: Held) => T): T {
  const held = new Held();
  try {
    return body(held);
  } catch (error) {
    held.dispose();
    throw error;
  }
}

/** Bytes of tensors of 4-byte elements; a tensor's data counts once, however many handles there are. */
export function bytesOf(tensors: Iterable<Tensor>): number {
  const data = new Map([...tensors].map((tensor) => [tensor.dataId, tensor.size * 4]));
  return [...data.values()].reduce((sum, bytes) => sum + bytes, 0);
}
