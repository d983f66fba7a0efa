/**
 * Layers that pixels enter: non-overlapping patches or tubelets to tokens. Their input needs no gradient in ordinary
 * training, so their pullback can leave it out.
 */
import type { Context, Differentiable, Parameter, Pullback, Sink, Traced } from '@dr2net/ops';
import { patchEmbed, tubeletEmbed } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { applyAll, traceAll } from './chain.ts';
import { traceWith } from './op-layer.ts';

/** A pullback that can leave out the gradient of the pixels. */
export interface InputPullback extends Pullback {
  /** Hands the parameters' gradients to the sink and computes no gradient of the input. */
  parametersOnly(dy: Tensor, sink: Sink): void;
}

/** A layer whose input may need no gradient. */
export interface InputLayer extends Differentiable {
  trace(x: Tensor, context: Context): Traced & { readonly pullback: InputPullback };
}

/** Pixels [batch, height, width, channels] → tokens [batch, (height/patch)·(width/patch), out]. */
export class PatchEmbed implements InputLayer {
  readonly parameters: readonly Parameter[];

  /**
   * @param weight [patch·patch·channels, out], rows ordered y, x, channel
   * @param bias [out]
   * @param patch pixels a side
   */
  constructor(
    private readonly weight: Parameter,
    private readonly bias: Parameter,
    private readonly patch: number,
  ) {
    this.parameters = [weight, bias];
  }

  apply(pixels: Tensor): Tensor {
    return patchEmbed.apply(pixels, this.weight.variable, this.bias.variable, { patch: this.patch });
  }

  trace(pixels: Tensor): Traced & { readonly pullback: InputPullback } {
    const traced = patchEmbed.trace(pixels, this.weight.variable, this.bias.variable, { patch: this.patch });
    return traceWith(traced, { weight: this.weight, bias: this.bias }, 'pixels');
  }
}

/** Pixels [batch, frames, height, width, channels] → tokens [batch, (frames/tubelet)·(height/patch)·(width/patch), out]. */
export class TubeletEmbed implements InputLayer {
  readonly parameters: readonly Parameter[];

  /**
   * @param weight [tubelet·patch·patch·channels, out], rows ordered t, y, x, channel
   * @param bias [out]
   */
  constructor(
    private readonly weight: Parameter,
    private readonly bias: Parameter,
    private readonly size: { readonly tubelet: number; readonly patch: number },
  ) {
    this.parameters = [weight, bias];
  }

  apply(pixels: Tensor): Tensor {
    return tubeletEmbed.apply(pixels, this.weight.variable, this.bias.variable, this.size);
  }

  trace(pixels: Tensor): Traced & { readonly pullback: InputPullback } {
    const traced = tubeletEmbed.trace(pixels, this.weight.variable, this.bias.variable, this.size);
    return traceWith(traced, { weight: this.weight, bias: this.bias }, 'pixels');
  }
}

/** An input layer with ordinary layers after it (class token, position embedding), as one input layer. */
export function inputSequential(what: string, first: InputLayer, rest: readonly Differentiable[]): InputLayer {
  return {
    parameters: [first, ...rest].flatMap((layer) => layer.parameters),
    apply: (x, context) => {
      const embedded = first.apply(x, context.child(0));
      try {
        return applyAll(rest, embedded, context, 1);
      } finally {
        embedded.dispose();
      }
    },
    trace: (x, context) => {
      const embedded = first.trace(x, context.child(0));
      let after: Traced;
      try {
        after = traceAll(what, rest, embedded.value, context, 1);
      } catch (error) {
        embedded.pullback.dispose();
        throw error;
      } finally {
        embedded.value.dispose();
      }
      /** The gradient of the embedded tokens, then `last` on it. */
      const through = <Result>(dy: Tensor, sink: Sink, last: (dy: Tensor) => Result): Result => {
        let gradient: Tensor | undefined;
        try {
          gradient = after.pullback(dy, sink);
          return last(gradient);
        } finally {
          gradient?.dispose();
          embedded.pullback.dispose();
        }
      };
      const pullback = (dy: Tensor, sink: Sink) => through(dy, sink, (d) => embedded.pullback(d, sink));
      return {
        value: after.value,
        pullback: Object.assign(pullback, {
          parametersOnly: (dy: Tensor, sink: Sink) =>
            through(dy, sink, (d) => embedded.pullback.parametersOnly(d, sink)),
          dispose: () => {
            after.pullback.dispose();
            embedded.pullback.dispose();
          },
        }),
      };
    },
  };
}
