/**
 * Patch merging (Swin Transformer, arXiv 2103.14030, section 3.1): four neighbours side by side, LayerNorm, and a linear layer to twice the
 * width. A map of an odd side is padded with zeros at its end.
 */
import {
  type Context,
  type Differentiable,
  hold,
  holding,
  mapRows,
  once,
  type Parameter,
  RowMap,
  type Sink,
  type Traced,
} from '@dr2net/ops';
import { reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { byRows } from './by-rows.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { sequential } from './sequential.ts';

/** [down, across] of the four, in the published order of the norm's channels. */
const neighbours = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
] as const;

/** Rows of the map [batch·height·width, C] → rows of the four neighbours [batch·⌈height/2⌉·⌈width/2⌉·4, C]. */
function quarters([batch, height, width]: readonly [number, number, number]): RowMap {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const sources = new Int32Array(batch * rows * columns * 4);
  const weights = new Float32Array(sources.length);
  let k = 0;
  for (let b = 0; b < batch; b++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (const [down, across] of neighbours) {
          const [y, x] = [2 * row + down, 2 * column + across];
          if (y < height && x < width) {
            sources[k] = (b * height + y) * width + x;
            weights[k] = 1;
          }
          k++;
        }
  return new RowMap({ from: batch * height * width, each: 1, sources, weights });
}

/** Parameters of a {@link PatchMerging}; they stay the caller's. */
export interface PatchMergingParts {
  /** [4·width] each. */
  readonly norm: { readonly gain: Parameter; readonly bias: Parameter; readonly epsilon: number };
  /** [4·width, out] */
  readonly reduction: Parameter;
}

/**
 * x [batch, height, width, C] → [batch, ⌈height/2⌉, ⌈width/2⌉, out]. The trace keeps its input alone (shared), since between the runs of a
 * reversible network that is all that is kept; the pullback evaluates it again.
 */
export class PatchMerging implements Differentiable {
  readonly parameters: readonly Parameter[];
  readonly #inner: Differentiable;

  constructor({ norm, reduction }: PatchMergingParts) {
    const layers = [new LayerNorm(norm.gain, norm.bias, norm.epsilon), new Linear(reduction)];
    this.#inner = byRows('patch merging', sequential('patch merging', layers));
    this.parameters = this.#inner.parameters;
  }

  /** The neighbours of the map side by side, [batch, ⌈height/2⌉, ⌈width/2⌉, 4·C]. */
  #side(x: Tensor, map: RowMap): Tensor {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    return tidy(() =>
      reshape(mapRows.apply(reshape(x, [-1, channels]), map), [
        batch,
        Math.ceil(height / 2),
        Math.ceil(width / 2),
        4 * channels,
      ]),
    );
  }

  apply(x: Tensor, context: Context): Tensor {
    const side = this.#side(x, quarters(x.shape as [number, number, number]));
    try {
      return this.#inner.apply(side, context);
    } finally {
      side.dispose();
    }
  }

  trace(x: Tensor, context: Context): Traced {
    const value = this.apply(x, context);
    const kept = hold(x);
    return { value, pullback: once('patch merging', [kept], (dy, sink) => this.#pull(kept, dy, context, sink)) };
  }

  #pull(x: Tensor, dy: Tensor, context: Context, sink: Sink): Tensor {
    const map = quarters(x.shape as [number, number, number]);
    return holding((held) => {
      const side = held.add(this.#side(x, map));
      const { value, gradient } = this.#inner.revisit!(side, dy, context, sink);
      value.dispose();
      held.add(gradient);
      held.free(side);
      const dx = tidy(() => reshape(mapRows.gradient(reshape(gradient, [-1, x.shape[3]!]), map), x.shape));
      held.free(gradient);
      return dx;
    });
  }
}
