/** What a computation over several steps owns, tensors and pullbacks, so that an error on the way leaves none behind. */
import { keep, type Tensor } from '@tensorflow/tfjs-core';
import { share } from './engine.ts';

/** A tensor or a pullback. */
interface Disposable {
  dispose(): void;
}

/** What a computation over several steps owns, so that an error on the way leaves nothing behind. */
export class Held {
  readonly #items = new Set<Disposable>();

  /** Takes something over. */
  add<T extends Disposable>(item: T): T {
    this.#items.add(item);
    return item;
  }

  /** Takes a tensor over that must outlive a surrounding `tf.tidy`: for what lies between forward and backward. */
  keep<T extends Tensor>(tensor: T): T {
    return this.add(keep(tensor));
  }

  /** Takes over a second handle on a borrowed tensor's data. */
  share<T extends Tensor>(tensor: T): T {
    return this.add(share(tensor));
  }

  /** Frees what is of this set, now. Others are left alone. */
  free(...items: (Disposable | undefined)[]): void {
    for (const item of items) if (item && this.#items.delete(item)) item.dispose();
  }

  /** Gives something away: the caller of the computation owns it from now on. */
  release<T extends Disposable>(item: T): T {
    this.#items.delete(item);
    return item;
  }

  /** Frees all. */
  dispose(): void {
    this.free(...this.#items);
  }
}

/** Runs `body` with a set of what is owned; when it throws, all that is still in the set is freed. */
export function holding<T>(body: (held: Held) => T): T {
  const held = new Held();
  try {
    return body(held);
  } catch (error) {
    held.dispose();
    throw error;
  }
}
