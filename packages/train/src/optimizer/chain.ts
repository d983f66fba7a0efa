/** Chains of element-wise ops in which every intermediate is freed as soon as the next one is there. */
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Frees `used` and gives `result`. */
export function after(result: Tensor, ...used: Tensor[]): Tensor {
  for (const tensor of used) tensor.dispose();
  return result;
}

/** a·x + b·y of numbers a, b and borrowed tensors x, y; one temporary at a time besides the result. */
export function combine(a: number, x: Tensor, b: number, y: Tensor): Tensor {
  return tidy(() => {
    const left = a === 1 ? undefined : scaled(x, a);
    const right = b === 1 ? undefined : scaled(y, b);
    return after(add(left ?? x, right ?? y), ...[left, right].filter((tensor) => tensor !== undefined));
  });
}

/** Another tensor in the place of one that was taken over, which is freed, also where there comes none. */
export function replaced(taken: Tensor, by: () => Tensor): Tensor {
  try {
    return by();
  } finally {
    taken.dispose();
  }
}

/** A sum with one more, which is taken over; so is the sum so far, where there is one, but where the addition fails. */
export function joined(known: Tensor | undefined, more: Tensor): Tensor {
  if (!known) return more;
  return after(
    replaced(more, () => add(known, more)),
    known,
  );
}

/** a·x. */
export function scaled(x: Tensor, a: number): Tensor {
  return mul(x, a);
}
