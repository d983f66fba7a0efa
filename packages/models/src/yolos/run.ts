/** Pictures through a YOLOS, forward and backward: stem → reversible run → norm of the detection tokens → classes and boxes. */
import { applyRun, type RunOptions, type RunReport, traceRun } from '@dr2net/core';
import { type Context, type Held, holding, once, type Sink } from '@dr2net/ops';
import { add, mul, pad, sigmoid, slice, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { YolosDetector } from './detector.ts';
import { yolosTokens } from './spec.ts';

/** How pictures go through a YOLOS. */
export interface YolosRunOptions extends Omit<RunOptions, 'shift'> {
  readonly context: Context;
}

/** The same where the way back is wanted. */
export interface TraceYolosOptions extends YolosRunOptions {
  /** Whether the gradient of the pixels is wanted. Default false. */
  readonly pixelGradient?: boolean;
}

/** Owned by the caller. */
export interface Detections {
  /** [batch, detections, classes + 1]; the last class is "no object". */
  readonly logits: Tensor;
  /** `[batch, detections, 4]`: centre x, centre y, width, height, as shares of the picture's sides. */
  readonly boxes: Tensor;
}

export interface YolosPullback {
  /** dLogits and dBoxes (of the boxes, after the sigmoid), borrowed → that of the pixels, or null where it was not wanted (or `frozen`). */
  (gradient: Detections, sink: Sink): Tensor | null;
  dispose(): void;
}

export interface TracedYolos extends Detections {
  readonly pullback: YolosPullback;
  readonly report: RunReport;
}

/** The detection tokens [batch, detections, width] of all [batch, tokens, width]. */
function detectionTokens({ spec }: YolosDetector, x: Tensor): Tensor {
  return slice(x, [0, yolosTokens(spec) - spec.detectionTokens, 0], [-1, -1, -1]);
}

/** Classes and boxes of pixels [batch, height, width, channels], keeping nothing. */
export function applyYolos(model: YolosDetector, pixels: Tensor, { context, ...run }: YolosRunOptions): Detections {
  const { stem, subBlocks, norm, classes, boxes } = model.modules;
  return tidy(() => {
    const x = applyRun(subBlocks, stem.apply(pixels, context.child('stem')), context.child('blocks'), run);
    const normed = norm.apply(detectionTokens(model, x), context);
    return { logits: classes.apply(normed, context), boxes: sigmoid(boxes.apply(normed, context)) };
  });
}

/**
 * Classes and boxes, and the pullback. With `frozen` only the two networks after the norm get gradients, and nothing below them is kept.
 */
export function traceYolos(model: YolosDetector, pixels: Tensor, options: TraceYolosOptions): TracedYolos {
  const { stem, subBlocks, norm, classes, boxes } = model.modules;
  const { context, pixelGradient = false, ...run } = options;
  const frozen = run.method.name === 'frozen';

  const forward = (held: Held, kept: Held) => {
    const inside = context.child('stem');
    const embedded = frozen ? { value: stem.apply(pixels, inside), pullback: null } : stem.trace(pixels, inside);
    held.add(embedded.value);
    if (embedded.pullback) kept.add(embedded.pullback);
    const inner = traceRun(subBlocks, embedded.value, context.child('blocks'), run);
    held.add(inner.value);
    kept.add(inner.pullback);
    held.free(embedded.value);
    const tokens = held.add(detectionTokens(model, inner.value));
    held.free(inner.value);
    const normed = frozen ? { value: norm.apply(tokens, context), pullback: null } : norm.trace(tokens, context);
    held.add(normed.value);
    if (normed.pullback) kept.add(normed.pullback);
    held.free(tokens);
    const logits = classes.trace(normed.value, context);
    held.add(logits.value);
    kept.add(logits.pullback);
    const raw = boxes.trace(normed.value, context);
    held.add(raw.value);
    kept.add(raw.pullback);
    const value = kept.add(sigmoid(raw.value));
    held.free(raw.value, normed.value);
    const lower = embedded.pullback &&
      normed.pullback && { stem: embedded.pullback, run: inner.pullback, norm: normed.pullback };
    return {
      logits: held.release(logits.value),
      value,
      heads: [logits.pullback, raw.pullback] as const,
      lower,
      report: inner.report,
    };
  };
  type Made = ReturnType<typeof forward>;

  const pull = ({ value, heads, lower }: Made, held: Held, gradient: Detections, sink: Sink): Tensor | null => {
    const [dTokens, dBoxes] = [
      held.add(heads[0](gradient.logits, sink)),
      held.add(tidy(() => mul(gradient.boxes, mul(value, sub(1, value))))),
    ];
    const through = held.add(heads[1](dBoxes, sink));
    const d = held.add(add(dTokens, through));
    held.free(dTokens, dBoxes, through);
    if (!lower) return null;
    const dNormed = held.add(lower.norm(d, sink));
    held.free(d);
    const before = yolosTokens(model.spec) - model.spec.detectionTokens;
    const dx = held.add(
      pad(dNormed, [
        [0, 0],
        [before, 0],
        [0, 0],
      ]),
    );
    held.free(dNormed);
    const { x0 } = lower.run(dx, sink);
    held.free(dx);
    if (!x0) throw new Error('The run gave no gradient of its input.');
    held.add(x0);
    if (pixelGradient) return lower.stem(x0, sink);
    lower.stem.parametersOnly(x0, sink);
    return null;
  };

  return holding((kept) => {
    const made = holding((held) => {
      const result = forward(held, kept);
      held.dispose();
      return result;
    });
    const pullback = (gradient: Detections, sink: Sink) =>
      holding((held) => {
        const pixels = pull(made, held, gradient, sink);
        held.dispose();
        return pixels;
      });
    try {
      const value = made.value.clone();
      return {
        logits: made.logits,
        boxes: value,
        pullback: once('the detector', [kept], pullback),
        report: made.report,
      };
    } catch (error) {
      made.logits.dispose();
      throw error;
    }
  });
}
