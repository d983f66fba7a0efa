/** What `reversible` measures on the way back: rebuilt states against those that are stored, and what that means for the gradients. */

import type { Held } from '@dr2net/ops';
import {
  abs,
  div,
  max,
  maximum,
  mean,
  reshape,
  slice,
  sqrt,
  square,
  stack,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { gradientErrorOf, type RebuiltState } from './anchor-plan.ts';
import type { RunChecks } from './contract.ts';
import { RebuildError } from './errors.ts';
import { type Later, readNumbers, whenRead } from './later.ts';
import type { Run } from './run.ts';

/** The part of x_0 that is kept to be compared: one element of so many, from all over the state. */
const sampled = 16;

/** The first part of each sixteenth of a state, flat. */
function sample(x: Tensor): Tensor {
  const rows = x.size % sampled === 0 ? sampled : 1;
  const columns = x.size / rows;
  return slice(reshape(x, [rows, columns]), [0, 0], [rows, Math.ceil(columns / sampled)]);
}

/** max|x| and √mean(x²), a tensor of two numbers. */
const sizes = (x: Tensor) => stack([max(abs(x)), sqrt(mean(square(x)))]);

/** The sizes of rebuilt − stored, relative to those of the state. */
const relativeErrors = (rebuilt: Tensor, stored: Tensor, scale: Tensor) =>
  div(sizes(sub(rebuilt, stored)), maximum(scale, 1e-30));

export class AnchorCheck {
  readonly #errors: Tensor[] = [];
  readonly #states: number[] = [];
  #probe: { readonly stored: Tensor; readonly scale: Tensor } | undefined;
  #found: Later<RunChecks> = {};

  /** @param states what the walk back rebuilds, with the predicted errors */
  constructor(
    private readonly run: Run,
    private readonly held: Held,
    private readonly states: readonly RebuiltState[],
    private readonly tolerance: number,
  ) {}

  /** Keeps a sixteenth of x_0 (borrowed), where it is going to be rebuilt: the last stretch has no anchor at its end. */
  sampleFirst(x0: Tensor): void {
    const last = this.states.at(-1);
    if (this.tolerance === Number.POSITIVE_INFINITY || !last || last.stored) return;
    const keep = (body: () => Tensor) => this.held.keep(tidy(body));
    this.#probe = { stored: keep(() => sample(x0)), scale: keep(() => sizes(x0)) };
  }

  /** What is kept for the check. */
  get kept(): readonly Tensor[] {
    return this.#probe ? [this.#probe.stored] : [];
  }

  /** Compares a rebuilt state with the stored one, both borrowed. */
  compare(rebuilt: Tensor, stored: Tensor, state: number): void {
    this.#note(state, () => relativeErrors(rebuilt, stored, sizes(stored)));
  }

  /** Ends the walk, with the x_0 that was reached, borrowed. */
  finish(x0: Tensor): void {
    const probe = this.#probe;
    if (probe) this.#note(0, () => relativeErrors(sample(x0), probe.stored, probe.scale));
    if (this.#errors.length === 0) return;
    this.#found = whenRead(readNumbers(stack(this.#errors)), (errors) => this.#judge(Array.from(errors)));
    this.held.free(probe?.stored, probe?.scale, ...this.#errors);
  }

  async result(): Promise<RunChecks> {
    const found = await this.#found;
    const { gradientError = 0, worstAnchorError } = found;
    // Infinite tolerance gives no estimate, so whoever inverts on purpose is left alone.
    if (!(gradientError < 1))
      throw new RebuildError(
        `reversible: a rebuilt state differs from the stored one by ${worstAnchorError?.toPrecision(3)} of its size, so no digit of the gradients below it is ` +
          'right. Rounding alone was predicted to stay within the tolerance: look for a sub-block that does not give the same bits for the same input, or for numbers that are very large. ' +
          'The method exact with verify names the sub-block.',
      );
    return found;
  }

  #note(state: number, error: () => Tensor): void {
    this.#errors.push(this.held.keep(tidy(error)));
    this.#states.push(state);
  }

  /** @param errors two a comparison: of the largest element, and of the root mean square, which is what was predicted */
  #judge(errors: readonly number[]): RunChecks {
    const worst = (values: number[]) => {
      const most = Math.max(...values);
      return Number.isNaN(most) ? Number.POSITIVE_INFINITY : most;
    };
    const worstAnchorError = worst(errors.filter((_, k) => k % 2 === 0));
    if (this.tolerance === Number.POSITIVE_INFINITY) return { worstAnchorError };
    const predicted = new Map(this.states.map(({ state, error }) => [state, error]));
    const ratio = worst(this.#states.map((state, k) => errors[2 * k + 1]! / predicted.get(state)!));
    this.run.anchors?.observe(ratio);
    const expected = gradientErrorOf(this.states);
    return { worstAnchorError, gradientError: expected === 0 ? 0 : expected * ratio };
  }
}
