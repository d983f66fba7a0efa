/** Pixels to a map of embedded patches, for networks whose states are maps. */
import type { Context, Differentiable, Parameter, Sink, Traced } from '@dr2net/ops';
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { type InputLayer, type InputPullback, inputSequential, type PatchEmbed } from './input.ts';

/** Pixels [batch, height, width, channels] → [batch, height/patch, width/patch, out]. */
export class PatchMap implements InputLayer {
  readonly parameters: readonly Parameter[];
  readonly #tokens: InputLayer;

  /**
   * @param patch pixels a side
   * @param rest layers of the embedded tokens [batch, tokens, out] after it (LayerNorm, dropout)
   */
  constructor(
    embed: PatchEmbed,
    private readonly patch: number,
    rest: readonly Differentiable[],
  ) {
    this.#tokens = inputSequential('the stem', embed, rest);
    this.parameters = this.#tokens.parameters;
  }

  #map(tokens: Tensor, [batch, height, width]: readonly number[]): Tensor {
    const map = reshape(tokens, [batch!, height! / this.patch, width! / this.patch, tokens.shape[2]!]);
    tokens.dispose();
    return map;
  }

  apply(pixels: Tensor, context: Context): Tensor {
    return this.#map(this.#tokens.apply(pixels, context), pixels.shape);
  }

  trace(pixels: Tensor, context: Context): Traced & { readonly pullback: InputPullback } {
    const { value, pullback } = this.#tokens.trace(pixels, context);
    const tokens = value.shape;
    const flat = <Result>(dy: Tensor, use: (dy: Tensor) => Result): Result => {
      const rows = reshape(dy, tokens);
      try {
        return use(rows);
      } finally {
        rows.dispose();
      }
    };
    const run = (dy: Tensor, sink: Sink) => flat(dy, (rows) => pullback(rows, sink));
    return {
      value: this.#map(value, pixels.shape),
      pullback: Object.assign(run, {
        parametersOnly: (dy: Tensor, sink: Sink) => flat(dy, (rows) => pullback.parametersOnly(rows, sink)),
        dispose: () => pullback.dispose(),
      }),
    };
  }
}
