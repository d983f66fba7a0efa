/**
 * What the mathematics works on: sub-blocks, coefficients, methods, and a run of them.
 *
 *     x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1},   i = 0 … n−1,   x_{−1} = x_0        (Dr2Net, arXiv 2401.04105, section 3)
 */
import type { Context, Differentiable, Sink } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { AnchorControl } from './anchor-control.ts';
import type { ExactScale } from './exact-scale.ts';

/** One residual function F_i: in a transformer LayerNorm + attention, or LayerNorm + MLP, with all that is inside. */
export interface SubBlock extends Differentiable {
  /** Unique in its run, for messages: `blocks.3.attention`. */
  readonly name: string;
  /**
   * Where the run's shift p enters, if it does (Pix4Point adds the position embedding again before every block):
   * `skip`: x_{i+1} = F_i(x_i + p) + α·(x_i + p) + β·x_{i−1};  `branch`: x_{i+1} = [p + F_i(x_i + p)] + α·x_i + β·x_{i−1}.
   */
  readonly shift?: 'skip' | 'branch';
}

/** α scales the pretrained residual, β the added one that makes the network reversible. (1, 0) is the pretrained network. */
export interface Coefficients {
  readonly alpha: number;
  readonly beta: number;
}

/** What the head reads: `last` x_n, `mean` (x_n + x_{n−1})/2. */
export type HeadRead = 'last' | 'mean';

/** How a run gets the activations that its backward pass needs. */
export type Method =
  /** Keeps every sub-block's internals. */
  | { readonly name: 'conventional' }
  /** Keeps the state at every `every`-th sub-block (default 1) and recomputes between. */
  | { readonly name: 'checkpoint'; readonly every?: number }
  /** Keeps nothing and gives no gradient below the head. */
  | { readonly name: 'frozen' }
  /** Keeps the last state pair and some more, the anchors, and inverts in floating point. */
  | {
      readonly name: 'reversible';
      /**
       * `auto` (default): the fewest state pairs (x_i, x_{i−1}) that keep the tolerance, from (α, β), the depth and what earlier steps
       * measured (`RunOptions.anchors`). A number: so many, evenly spaced. A list: pairs at these i. Numbers and lists that are predicted
       * not to keep the tolerance are refused (ToleranceError).
       */
      readonly anchors?: 'auto' | number | readonly number[];
      /**
       * Relative error, max|Δ|/max|g| of the worst tensor, that rebuilding may add to a gradient; default 1.5e-6, about what float32 itself
       * costs. `Infinity` inverts whatever comes of it: the plain inverse, on purpose, unmeasured where there is no anchor.
       */
      readonly tolerance?: number;
    }
  /** Keeps the last state pair in fixed point and the packed remainders, and inverts bit for bit. */
  | {
      readonly name: 'exact';
      /** Bits f after the point of one grid 2⁻ᶠ for all states; `auto` (default) chooses from the measured range, and finer for early states where they grow. */
      readonly fractionBits?: number | 'auto';
      /** Bits s of the coefficients' grid 2⁻ˢ; default: the fewest that represent (α, β), at most 15. */
      readonly coefficientBits?: number;
      /**
       * Keep x_0 and compare the rebuilt one with it, bit for bit, in every backward pass; and two sums of every state and of the first
       * sub-block's output, which name the sub-block that is not the same again.
       */
      readonly verify?: boolean;
    };

/** `conventional`, `checkpoint`, `frozen`, `reversible` or `exact`. */
export type MethodName = Method['name'];

/** How a run of sub-blocks is gone through: coefficients, method, and what the head reads. */
export interface RunOptions {
  readonly coefficients: Coefficients;
  readonly method: Method;
  /** Default `last`. */
  readonly read?: HeadRead;
  /** The shift p, of the states' shape; needed when a sub-block has `shift`. Borrowed. */
  readonly shift?: Tensor;
  /**
   * `exact` with fractionBits `auto`: remembers f from step to step, so that a training loop measures the range once. Without it
   * every traced run measures, which is one more forward pass. One a run and model; goes into checkpoints (`toJSON`).
   */
  readonly scale?: ExactScale;
  /**
   * `reversible` with anchors `auto`: remembers from step to step how the measured errors compare with the predicted ones, so that the
   * next step has as many anchors as it needs. One a run and model; goes into checkpoints (`toJSON`).
   */
  readonly anchors?: AnchorControl;
  /**
   * Sees what is read (borrowed): x_i, with its shift, by sub-block i, in the forward pass and wherever F_i is evaluated again; what `read`
   * says by the head. The reader reads what is returned, where something is (taken over; of the same shape). Two passes that read the same
   * take the same branches of what is not smooth (ReLUs, maxima, choices of the best), so that their gradients can be compared.
   */
  readonly onRead?: (x: Tensor, reader: number | 'head') => Tensor | undefined;
}

/** What the checks of a run found; what does not apply, or has no backward pass yet, is absent. */
export interface RunChecks {
  /** `exact` with `verify`: the rebuilt x_0 is the stored one, bit for bit, and so is all between (otherwise `check` rejects). */
  readonly identical?: boolean;
  /** `exact`: the largest magnitude of a state. */
  readonly largest?: number;
  /**
   * `reversible`: the worst max|rebuilt − stored|/max|stored| over the states of the anchors and, under a finite tolerance, a sixteenth
   * of x_0; ∞ where it is no number.
   */
  readonly worstAnchorError?: number;
  /**
   * `reversible` under a finite tolerance: the relative error that rebuilding added to the gradients, estimated from what was measured at
   * the stored states. Above the tolerance the gradients are not what was asked for; the step is the caller's to judge.
   */
  readonly gradientError?: number;
}

/** What a traced run can tell about itself after its backward pass. */
export interface RunReport {
  readonly method: MethodName;
  /** The coefficients that were used: those asked for, or the nearest on the grid for `exact`. */
  readonly coefficients: Coefficients;
  /** Bytes of states (anchors, checkpoints, last pair) kept from forward to backward. */
  readonly stateBytes: number;
  /** Bytes of packed remainders, and of what coarser grids took away (`exact`). */
  readonly sideBytes: number;
  /** f of the grid of the last states (`exact`). */
  readonly fractionBits?: number;
  /** f of the grid of the first states where that is more: where (α, β) let the states grow by much, the grid coarsens on the way. */
  readonly firstFractionBits?: number;
  /** Number of anchors (`reversible`). */
  readonly anchors?: number;
  /**
   * Resolves when every asynchronous check of the run has passed (`exact`: no state left the range; with `verify`, the
   * rebuilt x_0 is the stored one bit for bit; `reversible`: no rebuilt state was so far from its stored one that no digit of the gradient is right).
   * Rejects with an error that names the sub-block or state, and the value.
   */
  check(): Promise<RunChecks>;
}

/** The gradient of a run's inputs; absent where there is none (`frozen`; no shift). Owned by the caller. */
export interface RunGradient {
  readonly x0?: Tensor;
  readonly shift?: Tensor;
}

/** The way back through a run, once: from ∂L/∂y to the gradients of its input and shift; the parameters' go to the sink. Frees what it kept. */
export interface RunPullback {
  (dy: Tensor, sink: Sink): RunGradient;
  dispose(): void;
}

/** A traced run: what the head reads (owned by the caller), the pullback, the report. */
export interface TracedRun {
  readonly value: Tensor;
  readonly pullback: RunPullback;
  readonly report: RunReport;
}

/**
 * The functions of this package, as the other packages use them.
 *
 * - `applyRun(subBlocks, x0, context, options)` → y, keeping nothing.
 * - `traceRun(subBlocks, x0, context, options)` → {@link TracedRun}.
 * - `differentiableRun(subBlocks, x0, context, options)` → y, an ordinary differentiable tfjs op of x0, the shift and
 *   every trainable parameter, for `tf.variableGrads` and `optimizer.minimize`.
 * - `runStates(subBlocks, x0, context, options)` → [x_0 … x_n], for tests and pictures.
 */
export type ApplyRun = (subBlocks: readonly SubBlock[], x0: Tensor, context: Context, options: RunOptions) => Tensor;
/** A run forward that keeps what its method needs, by these methods, by default all: {@link traceRun} is one, and {@link RunOptions} say how. */
export type TraceRun<Name extends MethodName = MethodName> = (
  subBlocks: readonly SubBlock[],
  x0: Tensor,
  context: Context,
  options: RunOptions & { readonly method: Extract<Method, { name: Name }> },
) => TracedRun;
