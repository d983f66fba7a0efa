/**
 * Multi-scale deformable attention as a layer (Deformable DETR, Zhu et al., arXiv 2010.04159, section 4.1): a query says by linear layers
 * where around its reference it looks, on every level, and how much each point weighs.
 */
import { deformableAttention, Held, holding, once, type Parameter, type Sink, type Wanted } from '@dr2net/ops';
import { add, mul, reshape, softmax, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { Linear } from './linear.ts';
import type { ParameterPullback } from './op-layer.ts';
import { type LevelShapes, type LocationsPullback, traceLocations } from './sampling-locations.ts';

/** Parameters of a {@link DeformableAttention}; they stay the caller's. */
export interface DeformableAttentionParts {
  /** Divides the width. */
  readonly heads: number;
  /** Points of a level, for each query and head. */
  readonly points: number;
  /** `[width, heads·levels·points·2]`: to offsets, (x, y) last. */
  readonly offsets: Parameter;
  readonly offsetsBias: Parameter | null;
  /** `[width, heads·levels·points]`: to the points' weights before their softmax. */
  readonly weights: Parameter;
  readonly weightsBias: Parameter | null;
  /** `[width, width]`: of the source. */
  readonly value: Parameter;
  readonly valueBias: Parameter | null;
  /** `[width, width]`: of what was read. */
  readonly projection: Parameter;
  readonly projectionBias: Parameter | null;
}

/** What a {@link DeformableAttention} reads; all borrowed. */
export interface DeformableAttentionInputs {
  /** [B, Q, width] */
  readonly query: Tensor;
  /** `[B, S, width]`: the levels' maps one after the other, S = Σ height·width. */
  readonly source: Tensor;
  /** [B, Q, levels, 2], points (x, y), or [B, Q, levels, 4], boxes (centre x, y, width, height); 0 … 1 of the level's map. */
  readonly reference: Tensor;
  /** [height, width] of each level. */
  readonly shapes: LevelShapes;
  /** [B, S], 1 where the map is padding, whose values count as 0; else 0. */
  readonly padding?: Tensor;
}

type Names = 'query' | 'source' | 'reference';

/** Takes dL/dy; gives the wanted gradients of the inputs, by default all, and hands those of the parameters to the sink. */
export interface DeformableAttentionPullback {
  (dy: Tensor, sink: Sink, wanted?: Wanted<Names>): Partial<Record<Names, Tensor>>;
  dispose(): void;
}

const trains = ({ parameters }: Linear) => parameters.some(({ trainable }) => trainable);

/** ∂L of logits whose softmax over the last axis is `p`. */
const softmaxGradient = (p: Tensor, dp: Tensor) => mul(p, sub(dp, sum(mul(dp, p), -1, true)));

/** What a trace leaves for its pullback. */
interface Steps {
  readonly projected: { readonly pullback: ParameterPullback };
  /** [B, S, 1], 0 where the map is padding. */
  readonly inside: Tensor | undefined;
  readonly offsets: { readonly pullback: ParameterPullback };
  readonly located: { readonly pullback: LocationsPullback };
  readonly logits: { readonly pullback: ParameterPullback };
  /** [B, Q, heads, levels·points] */
  readonly weights: Tensor;
  readonly read: Pick<ReturnType<typeof deformableAttention.trace>, 'pullback'>;
  readonly result: { readonly pullback: ParameterPullback };
}

/** Through a linear layer, with or without the gradient of its input. */
function through(pullback: ParameterPullback, dy: Tensor, sink: Sink, wantsInput: boolean): Tensor | undefined {
  if (wantsInput) return pullback(dy, sink);
  pullback.parametersOnly(dy, sink);
  return undefined;
}

/** Multi-scale deformable attention as a layer (Zhu et al., arXiv 2010.04159, section 4.1). */
export class DeformableAttention {
  readonly parameters: readonly Parameter[];
  readonly #offsets: Linear;
  readonly #weights: Linear;
  readonly #value: Linear;
  readonly #projection: Linear;
  readonly #heads: number;
  readonly #points: number;
  /** Levels of the maps that the layers are made for. */
  readonly levels: number;

  /** @throws RangeError where the linear layers' sizes do not fit heads and points */
  constructor(parts: DeformableAttentionParts) {
    const { heads, points, offsets, weights } = parts;
    this.levels = weights.shape[1]! / (heads * points);
    if (!Number.isInteger(this.levels) || offsets.shape[1] !== 2 * weights.shape[1]!)
      throw new RangeError(
        `DeformableAttention: ${offsets.name} [${offsets.shape}] and ${weights.name} [${weights.shape}] are not to ${heads} heads × levels × ${points} points, of two offsets and one weight each.`,
      );
    this.#heads = heads;
    this.#points = points;
    this.#offsets = new Linear(offsets, parts.offsetsBias);
    this.#weights = new Linear(weights, parts.weightsBias);
    this.#value = new Linear(parts.value, parts.valueBias);
    this.#projection = new Linear(parts.projection, parts.projectionBias);
    this.parameters = [this.#offsets, this.#weights, this.#value, this.#projection].flatMap(
      (layer) => layer.parameters,
    );
  }

  /** → [B, Q, width] */
  apply(inputs: DeformableAttentionInputs): Tensor {
    const { value, pullback } = this.trace(inputs);
    pullback.dispose();
    return value;
  }

  /**
   * The trace keeps query and source (shared), the projected source, locations, weights and what was read.
   * @throws RangeError where the shapes do not fit
   */
  trace(inputs: DeformableAttentionInputs): { value: Tensor; pullback: DeformableAttentionPullback } {
    this.#check(inputs);
    const { query, source, reference, shapes, padding } = inputs;
    return holding((held) => {
      const kept = held.add(new Held());
      const traced = <T extends { value: Tensor; pullback: { dispose(): void } }>(made: T): T => {
        held.add(made.value);
        kept.add(made.pullback);
        return made;
      };
      const projected = traced(this.#value.trace(source));
      const inside = padding && kept.keep(tidy(() => sub(1, reshape(padding, [...padding.shape, 1]))));
      const value = inside ? held.add(mul(projected.value, inside)) : projected.value;
      const offsets = traced(this.#offsets.trace(query));
      const located = traced(traceLocations(offsets.value, reference, shapes, this.#points));
      held.free(offsets.value);
      const logits = traced(this.#weights.trace(query));
      const each = this.levels * this.#points;
      const rows = [...query.shape.slice(0, 2), this.#heads, each];
      const weights = kept.keep(tidy(() => softmax(reshape(logits.value, rows))));
      held.free(logits.value);
      const byLevel = held.add(reshape(weights, [...rows.slice(0, 3), this.levels, this.#points]));
      const read = traced(deformableAttention.trace(value, located.value, byLevel, { shapes }));
      held.free(value, projected.value, located.value, byLevel);
      const result = traced(this.#projection.trace(read.value));
      held.free(read.value);
      const steps = { projected, inside, offsets, located, logits, weights, read, result };
      const pullback: DeformableAttentionPullback = once(
        'deformable attention',
        [kept],
        (dy: Tensor, sink: Sink, wanted?) =>
          this.#pull(steps, dy, sink, wanted ?? { query: true, source: true, reference: true }),
      );
      held.release(kept);
      return { value: held.release(result.value), pullback };
    });
  }

  #pull(steps: Steps, dy: Tensor, sink: Sink, wanted: Wanted<Names>): Partial<Record<Names, Tensor>> {
    return holding((held) => {
      const dRead = held.add(steps.result.pullback(dy, sink));
      const d = steps.read.pullback(dRead, {
        value: wanted.source === true || trains(this.#value),
        locations: wanted.query === true || wanted.reference === true || trains(this.#offsets),
        weights: wanted.query === true || trains(this.#weights),
      });
      for (const gradient of Object.values(d)) held.add(gradient);
      held.free(dRead);
      const results: Partial<Record<Names, Tensor>> = {};
      const give = (name: Names, gradient: Tensor | undefined) => {
        if (gradient) results[name] = held.add(gradient);
      };
      if (d.value) {
        const { inside } = steps;
        const dValue = inside ? held.add(mul(d.value, inside)) : d.value;
        give('source', through(steps.projected.pullback, dValue, sink, wanted.source === true));
        held.free(dValue, d.value);
      }
      let ofWeights: Tensor | undefined;
      if (d.weights) {
        const { weights } = steps;
        const dLogits = tidy(() => {
          const gradient = softmaxGradient(weights, reshape(d.weights!, weights.shape));
          return reshape(gradient, [...weights.shape.slice(0, 2), -1]);
        });
        held.free(d.weights);
        held.add(dLogits);
        ofWeights = through(steps.logits.pullback, dLogits, sink, wanted.query === true);
        if (ofWeights) held.add(ofWeights);
        held.free(dLogits);
      }
      if (d.locations) {
        const wants = { offsets: wanted.query === true || trains(this.#offsets), reference: wanted.reference === true };
        const { offsets, reference } = steps.located.pullback(d.locations, wants);
        held.free(d.locations);
        give('reference', reference);
        if (offsets) {
          held.add(offsets);
          const ofOffsets = through(steps.offsets.pullback, offsets, sink, wanted.query === true);
          held.free(offsets);
          if (ofOffsets) {
            held.add(ofOffsets);
            give('query', add(ofOffsets, ofWeights!));
            held.free(ofOffsets, ofWeights);
          }
        }
      }
      for (const gradient of Object.values(results)) held.release(gradient);
      return results;
    });
  }

  #check({ query, source, reference, shapes, padding }: DeformableAttentionInputs): void {
    const [batch, queries] = query.shape;
    const { levels } = this;
    if (shapes.length !== levels)
      throw new RangeError(`DeformableAttention: ${shapes.length} levels were given; this layer is for ${levels}.`);
    const [last] = reference.shape.slice(-1);
    if (`${reference.shape.slice(0, 3)}` !== `${[batch, queries, levels]}` || (last !== 2 && last !== 4))
      throw new RangeError(
        `DeformableAttention: reference is [${reference.shape}] where [${batch}, ${queries}, ${levels}, 2 or 4] is needed (query is [${query.shape}]).`,
      );
    if (padding && `${padding.shape}` !== `${source.shape.slice(0, 2)}`)
      throw new RangeError(
        `DeformableAttention: padding is [${padding.shape}] where [${source.shape.slice(0, 2)}] is needed (source is [${source.shape}]).`,
      );
  }
}
