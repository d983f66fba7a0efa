/**
 * A backbone and a head, forward and backward: stem → runs → norm → head → loss, each part's tensors freed as soon as nobody needs them.
 * What recognition's steps, gradient checks and benchmarks are made of.
 */
import type { RunReport } from '@dr2net/core';
import { sequential } from '@dr2net/layers';
import { type Context, type Differentiable, once, type Sink, softmaxCrossEntropy } from '@dr2net/ops';
import { ones, type Tensor } from '@tensorflow/tfjs-core';
import type { Backbone } from './backbone.ts';
import { applyBody, type BodyOptions, traceBody } from './body.ts';
import type { RunsOptions } from './runs.ts';
import type { Phase } from './task.ts';

/** How a classifier's pass is made. */
export interface ClassifierOptions extends BodyOptions {
  /** Called when a phase begins. */
  readonly onPhase?: (phase: Phase) => void;
}

/** Takes the gradient of the head's output; gives that of the pixels, or null when it was not wanted (or `frozen`). */
export interface ClassifierPullback {
  (dOutput: Tensor, sink: Sink): Tensor | null;
  dispose(): void;
}

/** A classifier that has run forward, with the way back. */
export interface TracedClassifier {
  /** The head's output; owned by the caller. */
  readonly value: Tensor;
  readonly pullback: ClassifierPullback;
  /** One a run. */
  readonly reports: readonly RunReport[];
}

const part = 'top';

/** What stands above the runs: the final norm, where there is one, and the head. */
function top(backbone: Backbone, head: Differentiable): Differentiable {
  return sequential('the norm and head', backbone.norm ? [backbone.norm, head] : [head]);
}

/** The number of the last run. */
const lastRun = ({ runs }: Backbone) => [runs.length - 1];

/** The head's output, keeping nothing. */
export function applyClassifier(
  backbone: Backbone,
  head: Differentiable,
  pixels: Tensor,
  options: RunsOptions & { readonly context: Context },
): Tensor {
  const [x] = applyBody(backbone, pixels, options, lastRun(backbone)) as [Tensor];
  return using(x, () => top(backbone, head).apply(x, options.context.child(part)));
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
function guarding<Result>(made: readonly { dispose(): void }[], body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    for (const item of made) item.dispose();
    throw error;
  }
}

/** With `frozen` the norm belongs to what is frozen: it is applied, and only the head is traced. */
function traceTop(backbone: Backbone, head: Differentiable, x: Tensor, { context, method }: ClassifierOptions) {
  const inner = context.child(part);
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
  const { onPhase, ...bodyOptions } = options;
  onPhase?.('forward');
  const body = traceBody(backbone, pixels, bodyOptions, lastRun(backbone));
  onPhase?.('head');
  const [x] = body.values as [Tensor];
  const above = guarding([body.pullback], () => using(x, () => traceTop(backbone, head, x, options)));
  const run = (dOutput: Tensor, sink: Sink) => body.pullback([above.pullback(dOutput, sink)], sink);
  return {
    value: above.value,
    pullback: once('the classifier', [above.pullback, body.pullback], run),
    reports: body.reports,
  };
}

/** Where a classifier's gradients go. */
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
  /** One a run. */
  readonly reports: readonly RunReport[];
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
  const { value: output, pullback, reports } = traceClassifier(backbone, head, pixels, options);
  const { value: loss, pullback: lossPullback } = guarding([output, pullback], () =>
    softmaxCrossEntropy.trace(output, targets),
  );
  return guarding([output, pullback, loss, lossPullback], () => {
    const one = ones([]);
    const { logits } = using(one, () => lossPullback(one));
    if (!logits) throw new Error('The loss gave no gradient of the logits.');
    options.onPhase?.('backward');
    return { loss, output, pixels: using(logits, () => pullback(logits, sink)), reports };
  });
}
