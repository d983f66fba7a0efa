/** Position embeddings added to tokens: a learned table, a fixed one, and a spatial one inflated over time. */
import { type Differentiable, once, type Parameter, type Sink, share, type Traced } from '@dr2net/ops';
import { add, concat, reshape, slice, sum, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';

/** x [batch, tokens, width] + table [1, tokens, width]. */
export class PositionEmbedding implements Differentiable {
  readonly parameters: readonly Parameter[];

  /** @param table [1, tokens, width] */
  constructor(private readonly table: Parameter) {
    this.parameters = [table];
  }

  apply(x: Tensor): Tensor {
    return add(x, this.table.variable);
  }

  trace(x: Tensor): Traced {
    const run = (dy: Tensor, sink: Sink): Tensor => {
      if (this.table.trainable) sink(this.table, sum(dy, 0, true));
      return share(dy);
    };
    return { value: this.apply(x), pullback: once('position embedding', [], run) };
  }
}

/** x [batch, tokens, width] + a constant table [1, tokens, width], which the layer borrows. */
export class FixedPosition implements Differentiable {
  readonly parameters: readonly Parameter[] = [];

  constructor(private readonly table: Tensor) {}

  apply(x: Tensor): Tensor {
    return add(x, this.table);
  }

  trace(x: Tensor): Traced {
    return { value: this.apply(x), pullback: once('fixed position', [], (dy: Tensor) => share(dy)) };
  }
}

/**
 * An image network's position embedding, inflated over time: every time step has the same spatial table, plus one
 * learned vector a time step. Prefix tokens have their own entry of the spatial table and none in time.
 */
export class SpaceTimePosition implements Differentiable {
  readonly parameters: readonly Parameter[];
  private readonly steps: number;
  private readonly places: number;
  private readonly width: number;

  /**
   * @param spatial [1, prefix + places, width]
   * @param temporal [1, steps, width]
   * @param prefix tokens before the patch tokens
   */
  constructor(
    private readonly spatial: Parameter,
    private readonly temporal: Parameter,
    private readonly prefix: number,
  ) {
    this.parameters = [spatial, temporal];
    this.steps = temporal.shape[1]!;
    this.places = spatial.shape[1]! - prefix;
    this.width = spatial.shape[2]!;
  }

  /** The whole table [1, prefix + steps·places, width]. */
  private table(): Tensor {
    const { steps, places, width, prefix } = this;
    const space = slice(this.spatial.variable, [0, prefix, 0], [-1, -1, -1]);
    const time = reshape(this.temporal.variable, [steps, 1, width]);
    const patches = reshape(add(tile(space, [steps, 1, 1]), time), [1, steps * places, width]);
    return concat([slice(this.spatial.variable, [0, 0, 0], [-1, prefix, -1]), patches], 1);
  }

  apply(x: Tensor): Tensor {
    return tidy(() => add(x, this.table()));
  }

  trace(x: Tensor): Traced {
    const { steps, places, width, prefix } = this;
    const run = (dy: Tensor, sink: Sink): Tensor => {
      if (this.spatial.trainable || this.temporal.trainable) {
        const [spatial, temporal] = tidy(() => {
          const all = sum(dy, 0);
          const patches = reshape(slice(all, [prefix, 0], [-1, -1]), [steps, places, width]);
          const space = concat([slice(all, [0, 0], [prefix, -1]), sum(patches, 0)], 0);
          return [reshape(space, [1, prefix + places, width]), reshape(sum(patches, 1), [1, steps, width])];
        }) as [Tensor, Tensor];
        deliverOr(this.spatial, spatial, sink);
        deliverOr(this.temporal, temporal, sink);
      }
      return share(dy);
    };
    return { value: this.apply(x), pullback: once('space-time position', [], run) };
  }
}

function deliverOr(parameter: Parameter, gradient: Tensor, sink: Sink): void {
  if (parameter.trainable) sink(parameter, gradient);
  else gradient.dispose();
}
