/** A convolution by its patches side by side and a product: one kernel for all backends, of which wasm has no gradient of its own. */
import {
  type Context,
  type Differentiable,
  holding,
  mapRows,
  once,
  type Parameter,
  RowMap,
  type Sink,
  type Traced,
} from '@dr2net/ops';
import { reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { Linear } from './linear.ts';

/** The sizes of a {@link Convolution}. */
export interface ConvolutionSizes {
  /** Cells of the kernel a side. */
  readonly kernel: number;
  readonly stride: number;
  /** Cells of zeros around the map. */
  readonly padding: number;
}

/** Cells of the result along a side. */
const sideOf = (side: number, { kernel, stride, padding }: ConvolutionSizes) =>
  Math.floor((side + 2 * padding - kernel) / stride) + 1;

/** Rows of the map [batch·height·width, C] → rows of the patches' cells [batch·height'·width'·kernel², C], ordered down, across. */
function patches([batch, height, width]: readonly number[], sizes: ConvolutionSizes): RowMap {
  const { kernel, stride, padding } = sizes;
  const [rows, columns] = [sideOf(height!, sizes), sideOf(width!, sizes)];
  const sources = new Int32Array(batch! * rows * columns * kernel ** 2);
  const weights = new Float32Array(sources.length);
  for (let k = 0; k < sources.length; k++) {
    const [across, down] = [k % kernel, Math.floor(k / kernel) % kernel];
    const cell = Math.floor(k / kernel ** 2);
    const x = (cell % columns) * stride + across - padding;
    const y = (Math.floor(cell / columns) % rows) * stride + down - padding;
    if (x < 0 || y < 0 || x >= width! || y >= height!) continue;
    sources[k] = (Math.floor(cell / (rows * columns)) * height! + y) * width! + x;
    weights[k] = 1;
  }
  return new RowMap({ from: batch! * height! * width!, each: 1, sources, weights });
}

/** x [batch, height, width, C] → [batch, height', width', out]. The trace keeps its input alone (shared). */
export class Convolution implements Differentiable {
  readonly parameters: readonly Parameter[];
  readonly #linear: Linear;

  /**
   * @param weight [kernel²·C, out], rows ordered down, across, channel
   * @param bias [out], or null
   */
  constructor(
    weight: Parameter,
    bias: Parameter | null,
    private readonly sizes: ConvolutionSizes,
  ) {
    this.#linear = new Linear(weight, bias);
    this.parameters = this.#linear.parameters;
  }

  /** The patches as rows, [batch, height', width', kernel²·C]. */
  #side(x: Tensor, map: RowMap): Tensor {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const sides = [sideOf(height, this.sizes), sideOf(width, this.sizes)];
    return tidy(() =>
      reshape(mapRows.apply(reshape(x, [-1, channels]), map), [batch, ...sides, this.sizes.kernel ** 2 * channels]),
    );
  }

  apply(x: Tensor): Tensor {
    return tidy(() => this.#linear.apply(this.#side(x, patches(x.shape, this.sizes))));
  }

  trace(x: Tensor, _context?: Context): Traced {
    return holding((kept) => {
      const value = this.apply(x);
      const own = kept.keep(kept.share(x));
      return { value, pullback: once('convolution', [kept], (dy: Tensor, sink: Sink) => this.#pull(own, dy, sink)) };
    });
  }

  #pull(x: Tensor, dy: Tensor, sink: Sink): Tensor {
    const map = patches(x.shape, this.sizes);
    return holding((held) => {
      const side = held.add(this.#side(x, map));
      const { value, pullback } = this.#linear.trace(side);
      value.dispose();
      held.free(side);
      const dSide = held.add(pullback(dy, sink));
      const dx = tidy(() => reshape(mapRows.gradient(reshape(dSide, [-1, x.shape[3]!]), map), x.shape));
      held.free(dSide);
      return dx;
    });
  }
}
