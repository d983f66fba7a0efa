/**
 * A backbone and a head, forward and backward: stem → reversible run → norm → head → loss, each part's tensors freed as
 * soon as nobody needs them. What recognition's steps, gradient checks and benchmarks are made of.
 */
import { applyRun, type RunOptions, type RunReport, traceRun } from '@dr2net/core';
import { type InputPullback, sequential } from '@dr2net/layers';
import {
  type Context,
  type Differentiable,
  type Pullback,
  PullbackSpentError,
  type Sink,
  softmaxCrossEntropy,
} from '@dr2net/ops';
import { ones, type Tensor } from '@tensorflow/tfjs-core';
import type { Backbone } from './backbone.ts';
import type { Phase } from './task.ts';

export interface ClassifierOptions extends RunOptions {
  readonly context: Context;
  /** Whether the gradient of the pixels is wanted. Default false. */
  readonly pixelGradient?: boolean;
  /** Called when a phase begins. */
  readonly onPhase?: (phase: Phase) => void;
}

/** Takes the gradient of the head's output; gives that of the pixels, or null when it was not wanted (or `frozen`). */
export interface ClassifierPullback {
  (dOutput: Tensor, sink: Sink): Tensor | null;
  dispose(): void;
}

export interface TracedClassifier {
  /** The head's output; owned by the caller. */
  readonly value: Tensor;
  readonly pullback: ClassifierPullback;
  readonly report: RunReport;
}

const parts = { stem: 'stem', blocks: 'blocks', top: 'top' } as const;

/** What stands above the run: the final norm, where there is one, and the head. */
function top(backbone: Backbone, head: Differentiable): Differentiable {
  return sequential('the norm and head', backbone.norm ? [backbone.norm, head] : [head]);
}

/** The head's output, keeping nothing. */
export function applyClassifier(
  backbone: Backbone,
  head: Differentiable,
  pixels: Tensor,
  { context, ...run }: RunOptions & { readonly context: Context },
): Tensor {
  const x0 = backbone.stem.apply(pixels, context.child(parts.stem));
  const x = using(x0, () => applyRun(backbone.subBlocks, x0, context.child(parts.blocks), run));
  return using(x, () => top(backbone, head).apply(x, context.child(parts.top)));
}

/** Runs `body` and frees `tensor`. */
function using<Result>(tensor: Tensor, body: () => Result): Result {
  try {
    return body();
  } finally {
    tensor.dispose();
  }
}

/** Runs `body`; when it throws, frees what was made before. */
function guarding<Result>(made: readonly ({ dispose(): void } | null)[], body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    for (const item of made) item?.dispose();
    throw error;
  }
}

interface StemTrace {
  readonly value: Tensor;
  /** null when no gradient is needed below the run. */
  readonly pullback: InputPullback | null;
}

function traceStem(
  backbone: Backbone,
  pixels: Tensor,
  { context, method, pixelGradient }: ClassifierOptions,
): StemTrace {
  const { stem } = backbone;
  const inner = context.child(parts.stem);
  const needed =
    method.name !== 'frozen' && (pixelGradient || stem.parameters.some((parameter) => parameter.trainable));
  return needed ? stem.trace(pixels, inner) : { value: stem.apply(pixels, inner), pullback: null };
}

/** With `frozen` the norm belongs to what is frozen: it is applied, and only the head is traced. */
function traceTop(backbone: Backbone, head: Differentiable, x: Tensor, { context, method }: ClassifierOptions) {
  const inner = context.child(parts.top);
  if (method.name !== 'frozen' || !backbone.norm) return top(backbone, head).trace(x, inner);
  const normed = backbone.norm.apply(x, inner.child(0));
  return using(normed, () => head.trace(normed, inner.child(1)));
}

/**
 * Pixels to the head's output, with the pullback.
 *
 * With the method `frozen` only the head's parameters get gradients. The stem's pullback is left out when none of its
 * parameters is trainable and the pixels' gradient is not wanted. Pixels are borrowed until the pullback has run.
 */
export function traceClassifier(
  backbone: Backbone,
  head: Differentiable,
  pixels: Tensor,
  options: ClassifierOptions,
): TracedClassifier {
  const { context, pixelGradient = false, onPhase, ...runOptions } = options;
  onPhase?.('forward');
  const stem = traceStem(backbone, pixels, options);
  const run = guarding([stem.pullback], () =>
    using(stem.value, () => traceRun(backbone.subBlocks, stem.value, context.child(parts.blocks), runOptions)),
  );
  onPhase?.('head');
  const traced = guarding([stem.pullback, run.pullback], () =>
    using(run.value, () => traceTop(backbone, head, run.value, options)),
  );
  const chain = { top: traced.pullback, run: run.pullback, stem: stem.pullback };
  return { value: traced.value, pullback: classifierPullback(chain, pixelGradient), report: run.report };
}

interface Chain {
  readonly top: Pullback;
  readonly run: ReturnType<typeof traceRun>['pullback'];
  readonly stem: InputPullback | null;
}

function classifierPullback({ top, run, stem }: Chain, pixelGradient: boolean): ClassifierPullback {
  let spent = false;
  const free = () => {
    spent = true;
    for (const pullback of [top, run, stem]) pullback?.dispose();
  };
  const pullback = (dOutput: Tensor, sink: Sink): Tensor | null => {
    if (spent) throw new PullbackSpentError('the classifier');
    spent = true;
    try {
      const dx = top(dOutput, sink);
      const { x0 } = using(dx, () => run(dx, sink));
      if (!x0) return null;
      return using(x0, () => {
        if (stem && pixelGradient) return stem(x0, sink);
        stem?.parametersOnly(x0, sink);
        return null;
      });
    } finally {
      free();
    }
  };
  return Object.assign(pullback, { dispose: free });
}

export interface GradientOptions extends ClassifierOptions {
  readonly sink: Sink;
}

/** Owned by the caller. */
export interface ClassifierGradients {
  /** Scalar: the mean cross-entropy of the batch. */
  readonly loss: Tensor;
  /** The head's output [batch, classes]. */
  readonly output: Tensor;
  /** The pixels' gradient, or null when it was not wanted (or `frozen`). */
  readonly pixels: Tensor | null;
  readonly report: RunReport;
}

/**
 * One forward and backward pass with softmax cross-entropy: every trainable parameter's gradient goes to the sink the
 * moment it exists, the head's first, the stem's last.
 * @param targets [batch, classes], rows of probabilities (see `softTargets`)
 */
export function gradients(
  backbone: Backbone,
  head: Differentiable,
  pixels: Tensor,
  targets: Tensor,
  { sink, ...options }: GradientOptions,
): ClassifierGradients {
  const { value: output, pullback, report } = traceClassifier(backbone, head, pixels, options);
  const { value: loss, pullback: lossPullback } = guarding([output, pullback], () =>
    softmaxCrossEntropy.trace(output, targets),
  );
  return guarding([output, pullback, loss, lossPullback], () => {
    const one = ones([]);
    const { logits } = using(one, () => lossPullback(one));
    if (!logits) throw new Error('The loss gave no gradient of the logits.');
    options.onPhase?.('backward');
    return { loss, output, pixels: using(logits, () => pullback(logits, sink)), report };
  });
}
