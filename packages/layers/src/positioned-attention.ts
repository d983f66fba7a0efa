/**
 * Multi-head self-attention whose queries and keys, but not values, have positions added (DETR, Carion et al., arXiv 2005.12872): q and k of
 * x + p, v of x. A mask keeps queries from one another.
 */
import { attention, type Held, holding, once, type Parameter, type Sink, windowAttention } from '@dr2net/ops';
import { add, concat, split, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { Linear } from './linear.ts';

/** Parameters of a {@link PositionedAttention}; they stay the caller's. */
export interface PositionedAttentionParts {
  /** Divides the width. */
  readonly heads: number;
  /** `[width, 2·width]`: queries, keys. */
  readonly queryKey: Parameter;
  readonly queryKeyBias: Parameter | null;
  /** [width, width] */
  readonly value: Parameter;
  readonly valueBias: Parameter | null;
  /** [width, width] */
  readonly projection: Parameter;
  readonly projectionBias: Parameter | null;
}

/** What a {@link PositionedAttention} reads; all borrowed. */
export interface PositionedAttentionInputs {
  /** [B, N, width] */
  readonly x: Tensor;
  /** [B, N, width] */
  readonly position: Tensor;
  /** [B or 1, N, N], added to the scores of a query (row) with a key (column); a large negative number keeps them apart. No gradient. */
  readonly mask?: Tensor;
}

/** Takes dL/dy; gives that of x and, where it is wanted (default), of the positions. */
export interface PositionedAttentionPullback {
  (dy: Tensor, sink: Sink, wantsPosition?: boolean): { readonly x: Tensor; readonly position?: Tensor };
  dispose(): void;
}

/** softmax(scale·Q·Kᵀ + mask)·V of fused qkv, with a pullback to its gradient. */
function attend(qkv: Tensor, heads: number, mask: Tensor | undefined): ReturnType<typeof attention.trace> {
  if (!mask) return attention.trace(qkv, { heads });
  const tokens = qkv.shape[1]!;
  const none = zeros([heads, tokens, tokens]);
  try {
    const { value, pullback } = windowAttention.trace(qkv, none, { heads, mask });
    const run = (dy: Tensor) => pullback(dy, { qkv: true });
    return { value, pullback: Object.assign(run, { dispose: () => pullback.dispose() }) };
  } finally {
    none.dispose();
  }
}

/** Self-attention whose queries and keys, but not values, have positions added (DETR, arXiv 2005.12872). */
export class PositionedAttention {
  readonly parameters: readonly Parameter[];
  readonly #heads: number;
  readonly #queryKey: Linear;
  readonly #value: Linear;
  readonly #projection: Linear;

  constructor(parts: PositionedAttentionParts) {
    this.#heads = parts.heads;
    this.#queryKey = new Linear(parts.queryKey, parts.queryKeyBias);
    this.#value = new Linear(parts.value, parts.valueBias);
    this.#projection = new Linear(parts.projection, parts.projectionBias);
    this.parameters = [this.#queryKey, this.#value, this.#projection].flatMap(({ parameters }) => parameters);
  }

  /** → [B, N, width] */
  apply({ x, position, mask }: PositionedAttentionInputs): Tensor {
    return tidy(() => {
      const qkv = concat([this.#queryKey.apply(add(x, position)), this.#value.apply(x)], 2);
      const { value, pullback } = attend(qkv, this.#heads, mask);
      pullback.dispose();
      return this.#projection.apply(value);
    });
  }

  /** The trace keeps x and x + p, the fused queries, keys and values, and the heads' outputs. */
  trace({ x, position, mask }: PositionedAttentionInputs): { value: Tensor; pullback: PositionedAttentionPullback } {
    return holding((held) => {
      const traced = <T extends { value: Tensor; pullback: { dispose(): void } }>(made: T): T => {
        held.add(made.value);
        held.add(made.pullback);
        return made;
      };
      const placed = held.add(add(x, position));
      const queryKey = traced(this.#queryKey.trace(placed));
      held.free(placed);
      const value = traced(this.#value.trace(x));
      const qkv = held.add(concat([queryKey.value, value.value], 2));
      held.free(queryKey.value, value.value);
      const heads = traced(attend(qkv, this.#heads, mask));
      held.free(qkv);
      const result = traced(this.#projection.trace(heads.value));
      held.free(heads.value);
      const pullbacks = [queryKey.pullback, value.pullback, heads.pullback, result.pullback];
      const pullback: PositionedAttentionPullback = once(
        'positioned attention',
        pullbacks,
        (dy: Tensor, sink: Sink, wantsPosition = true) =>
          holding((own) => {
            const dHeads = own.add(result.pullback(dy, sink));
            const { qkv: dQkv } = heads.pullback(dHeads);
            own.add(dQkv!);
            own.free(dHeads);
            const [dQuery, dKey, dValue] = tidy(() => split(dQkv!, 3, 2)) as [Tensor, Tensor, Tensor];
            return this.#inputs(own, [dQuery, dKey, dValue], dQkv!, { queryKey, value }, sink, wantsPosition);
          }),
      );
      for (const each of pullbacks) held.release(each);
      return { value: held.release(result.value), pullback };
    });
  }

  #inputs(
    own: Held,
    [dQuery, dKey, dValue]: readonly [Tensor, Tensor, Tensor],
    dQkv: Tensor,
    { queryKey, value }: Record<'queryKey' | 'value', ReturnType<Linear['trace']>>,
    sink: Sink,
    wantsPosition: boolean,
  ) {
    for (const part of [dQuery, dKey, dValue]) own.add(part);
    own.free(dQkv);
    const dPair = own.add(concat([dQuery, dKey], 2));
    own.free(dQuery, dKey);
    const dPlaced = own.add(queryKey.pullback(dPair, sink));
    own.free(dPair);
    const through = own.add(value.pullback(dValue, sink));
    own.free(dValue);
    const dx = own.add(add(dPlaced, through));
    own.free(through);
    if (!wantsPosition) own.free(dPlaced);
    return { x: own.release(dx), ...(wantsPosition && { position: own.release(dPlaced) }) };
  }
}
