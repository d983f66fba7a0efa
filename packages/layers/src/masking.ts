/**
 * Dropout and stochastic depth: a random mask times the input while training, the input itself otherwise. The mask
 * follows from the context's seed alone, so a rebuild sees the mask that the forward pass saw.
 */
import { type Context, type Differentiable, dropoutMask, once, type Parameter, share, type Traced } from '@dr2net/ops';
import { keep, mul, type Tensor } from '@tensorflow/tfjs-core';
import { freeing } from './chain.ts';

/** Thrown for a rate outside 0 ≤ rate < 1. */
export class DropRateError extends RangeError {
  override readonly name = 'DropRateError';
  constructor(what: string, rate: number) {
    super(`${what} rate ${rate} is not in 0 ≤ rate < 1; 0 switches it off.`);
  }
}

abstract class RandomMask implements Differentiable {
  readonly parameters: readonly Parameter[] = [];
  readonly diagonal = true;

  constructor(
    private readonly what: string,
    protected readonly rate: number,
  ) {
    if (!(rate >= 0 && rate < 1)) throw new DropRateError(what, rate);
  }

  /** The mask's shape, which broadcasts to the input's. */
  protected abstract maskShape(shape: readonly number[]): number[];

  /** Numbers of the mask that stand before those of an input of this shape. */
  protected before(_shape: readonly number[]): number {
    return 0;
  }

  /** Kept alive until it is disposed, also where a `tidy` is open. */
  private mask(x: Tensor, context: Context): Tensor | null {
    if (!context.training || this.rate === 0) return null;
    const { seed } = context.child(this.what);
    return keep(dropoutMask(this.maskShape(x.shape), this.rate, seed, this.before(x.shape)));
  }

  apply(x: Tensor, context: Context): Tensor {
    const mask = this.mask(x, context);
    if (!mask) return share(x);
    const y = freeing([mask], () => mul(x, mask));
    mask.dispose();
    return y;
  }

  trace(x: Tensor, context: Context): Traced {
    const mask = this.mask(x, context);
    if (!mask) return { value: share(x), pullback: once(this.what, [], (dy: Tensor) => share(dy)) };
    const value = freeing([mask], () => mul(x, mask));
    return { value, pullback: once(this.what, [mask], (dy: Tensor) => mul(dy, mask)) };
  }
}

/** Each element is 0 with probability `rate`, else divided by 1 − rate. */
export class Dropout extends RandomMask {
  /** @param firstRow rows that stand before the input's, where it is a part: its mask is a part of the whole's */
  constructor(
    rate: number,
    private readonly firstRow = 0,
  ) {
    super('dropout', rate);
  }

  protected maskShape(shape: readonly number[]): number[] {
    return [...shape];
  }

  protected override before(shape: readonly number[]): number {
    return this.firstRow * (shape.at(-1) ?? 1);
  }
}

/** Stochastic depth (arXiv 1603.09382): each sample's whole branch is 0 with probability `rate`, else divided by 1 − rate. */
export class DropPath extends RandomMask {
  constructor(rate: number) {
    super('drop path', rate);
  }

  protected maskShape(shape: readonly number[]): number[] {
    return shape.map((size, axis) => (axis === 0 ? size : 1));
  }
}
