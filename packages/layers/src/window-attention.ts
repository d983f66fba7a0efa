/**
 * Self-attention inside windows (Swin Transformer, arXiv 2103.14030): the map is padded and shifted, cut into windows, attended to with a
 * relative position bias, and put together again. Windows know nothing of one another, so that they can be worked on in
 * `context.chunks` parts: then what attention makes on its way is of one part's size.
 */
import {
  type Context,
  type Differentiable,
  hold,
  holding,
  linear,
  mapRows,
  once,
  type Parameter,
  type ResidualTerms,
  type Revisited,
  type Sink,
  scope,
  share,
  type Traced,
  windowAttention,
} from '@dr2net/ops';
import { concat, dispose, reshape, slice, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { AttentionParts } from './attention.ts';
import { Linear } from './linear.ts';
import { partsOf } from './parts.ts';
import { RelativePosition } from './relative-position.ts';
import { sequential } from './sequential.ts';
import { Sums } from './sums.ts';
import { type WindowGeometry, type WindowSizes, windowGeometry, windowMask } from './window-geometry.ts';

/** Parameters of {@link windowSelfAttention}; they stay the caller's. */
export interface WindowAttentionParts extends Omit<AttentionParts, 'keyless'>, WindowSizes {
  /** `[(2·window − 1)², heads]`: what is added to the scores by the distance of query and key, [down, across]. */
  readonly table: Parameter;
}

/** softmax(q·kᵀ/√d + bias + mask)·v of qkv [windows, N, 3·width] → [windows, N, width], of some windows of a batch. */
class WindowScores implements Differentiable {
  readonly parameters: readonly Parameter[];

  /** @param from the number of the first window */
  constructor(
    private readonly parts: WindowAttentionParts,
    private readonly position: RelativePosition,
    private readonly geometry: WindowGeometry,
    private readonly from: number,
  ) {
    this.parameters = [parts.table];
  }

  /** What is added to the scores, for as long as `use` runs. */
  #terms<Result>(windows: number, use: (bias: Tensor, mask: { mask?: Tensor }) => Result): Result {
    return holding((held) => {
      const { window } = this.geometry;
      const size = window[0] * window[1];
      const bias = held.add(this.position.apply(this.parts.table.variable, window));
      const values = windowMask(this.geometry, this.from, windows);
      const mask = values && held.add(tensor(values, [windows, size, size]));
      const result = use(bias, mask ? { mask } : {});
      held.dispose();
      return result;
    });
  }

  apply(qkv: Tensor): Tensor {
    const { heads } = this.parts;
    return this.#terms(qkv.shape[0]!, (bias, mask) => windowAttention.apply(qkv, bias, { heads, ...mask }));
  }

  trace(qkv: Tensor): Traced {
    const { heads, table } = this.parts;
    const { value, pullback } = this.#terms(qkv.shape[0]!, (bias, mask) =>
      windowAttention.trace(qkv, bias, { heads, ...mask }),
    );
    const run = (dy: Tensor, sink: Sink): Tensor => {
      const { qkv: gradient, bias } = pullback(dy, { qkv: true, bias: table.trainable });
      if (!gradient) throw new Error('The attention op gave no gradient of qkv.');
      return holding((held) => {
        held.add(gradient);
        if (bias) {
          held.add(bias);
          const dTable = this.position.gradient(bias, this.geometry.window);
          held.free(bias);
          sink(table, dTable);
        }
        return held.release(gradient);
      });
    };
    return { value, pullback: Object.assign(run, { dispose: () => pullback.dispose() }) };
  }
}

class WindowSelfAttention implements Differentiable {
  readonly parameters: readonly Parameter[];
  readonly #qkv: Linear;
  readonly #projection: Linear;
  readonly #position: RelativePosition;
  #known: { readonly shape: string; readonly geometry: WindowGeometry } | undefined;

  constructor(private readonly parts: WindowAttentionParts) {
    this.#qkv = new Linear(parts.qkv, parts.qkvBias);
    this.#projection = new Linear(parts.projection, parts.projectionBias);
    this.#position = new RelativePosition(parts.window);
    this.parameters = [...this.#qkv.parameters, parts.table, ...this.#projection.parameters];
  }

  #geometry({ shape }: Tensor): WindowGeometry {
    const key = String(shape);
    if (this.#known?.shape === key) return this.#known.geometry;
    const geometry = windowGeometry(shape, this.parts);
    this.#known = { shape: key, geometry };
    return geometry;
  }

  /** x [batch, height, width, C] → windows [batch·windows, N, C], zeros where the map is padded. */
  #cut(x: Tensor, { join, window }: WindowGeometry): Tensor {
    const channels = x.shape[3]!;
    return tidy(() =>
      reshape(mapRows.gradient(reshape(x, [-1, channels]), join), [-1, window[0] * window[1], channels]),
    );
  }

  /** The inverse of `cut`. */
  #join(windows: Tensor, { join }: WindowGeometry, shape: readonly number[]): Tensor {
    return tidy(() => reshape(mapRows.apply(reshape(windows, [-1, shape[3]!]), join), [...shape]));
  }

  /** Windows to the heads' outputs, of windows from number `from` on. */
  #heads(geometry: WindowGeometry, from = 0): Differentiable[] {
    return [this.#qkv, new WindowScores(this.parts, this.#position, geometry, from)];
  }

  /** The heads' outputs as a map. */
  #outputs(x: Tensor, context: Context, geometry: WindowGeometry): Tensor {
    return scope(() => {
      const windows = this.#cut(x, geometry);
      const made = partsOf(windows.shape[0]!, context.chunks).map(({ from, count }) =>
        scope(() => sequential('attention', this.#heads(geometry, from)).apply(some(windows, from, count), context)),
      );
      windows.dispose();
      const outputs = concat(made);
      dispose(made);
      return this.#join(outputs, geometry, x.shape);
    });
  }

  apply(x: Tensor, context: Context): Tensor {
    return scope(() => this.#projection.apply(this.#outputs(x, context, this.#geometry(x))));
  }

  applyWithResidual(x: Tensor, context: Context, terms: ResidualTerms): Tensor {
    return scope(() =>
      this.#projection.applyWithResidual(this.#outputs(x, context, this.#geometry(x)), context, terms),
    );
  }

  trace(x: Tensor, context: Context): Traced {
    if (context.chunks > 1) {
      const value = this.apply(x, context);
      const kept = hold(x);
      const pullback = once('window attention', [kept], (dy: Tensor, sink: Sink) => {
        const revisited = this.revisit(kept, dy, context, sink);
        revisited.value.dispose();
        return revisited.gradient;
      });
      return { value, pullback };
    }
    const geometry = this.#geometry(x);
    const shape = [...x.shape];
    const cut = {
      parameters: [],
      ...linearMap(
        (t) => this.#cut(t, geometry),
        (t) => this.#join(t, geometry, shape),
      ),
    };
    const join = {
      parameters: [],
      ...linearMap(
        (t) => this.#join(t, geometry, shape),
        (t) => this.#cut(t, geometry),
      ),
    };
    return sequential('window attention', [cut, ...this.#heads(geometry), join, this.#projection]).trace(x, context);
  }

  revisit(x: Tensor, dy: Tensor, context: Context, sink: Sink): Revisited {
    const geometry = this.#geometry(x);
    return holding((held) => {
      const sums = held.add(new Sums(sink));
      const dOutputs = held.add(
        scope(() => this.#cut(linear.apply(dy, transpose(this.parts.projection.variable)), geometry)),
      );
      const windows = held.add(this.#cut(x, geometry));
      const [made, gradients]: [Tensor[], Tensor[]] = [[], []];
      for (const { from, count } of partsOf(windows.shape[0]!, context.chunks)) {
        const own = held.add(some(windows, from, count));
        const { value, pullback } = sequential('attention', this.#heads(geometry, from)).trace(own, context);
        held.free(own);
        made.push(held.add(value));
        const dOwn = held.add(some(dOutputs, from, count));
        gradients.push(held.add(pullback(dOwn, sums.sink)));
        held.free(dOwn);
      }
      held.free(windows, dOutputs);
      const whole = (parts: Tensor[]) => {
        const all = held.add(concat(parts));
        held.free(...parts);
        const map = held.add(this.#join(all, geometry, x.shape));
        held.free(all);
        return map;
      };
      const [outputs, gradient] = [whole(made), whole(gradients)];
      sums.handOn();
      held.release(sums);
      const { value, pullback } = this.#projection.trace(outputs);
      held.free(outputs);
      held.add(value);
      pullback.parametersOnly(dy, sink);
      return { value: held.release(value), gradient: held.release(gradient) };
    });
  }
}

/** Some windows, a copy; a second handle where it is all of them. */
function some(windows: Tensor, from: number, count: number): Tensor {
  return count === windows.shape[0] ? share(windows) : slice(windows, [from, 0, 0], [count, -1, -1]);
}

/** A map of rows and its transpose, as a layer. */
function linearMap(apply: (x: Tensor) => Tensor, transposed: (dy: Tensor) => Tensor) {
  return { apply, trace: (x: Tensor): Traced => ({ value: apply(x), pullback: once('the windows', [], transposed) }) };
}

/**
 * Self-attention inside windows: x [batch, height, width, C] → the same shape, for maps of any size. A window is no larger than the
 * map; with `shift`, windows reach over the map's edge, and tokens that only that brought together are kept apart.
 */
export function windowSelfAttention(parts: WindowAttentionParts): Differentiable {
  return new WindowSelfAttention(parts);
}
