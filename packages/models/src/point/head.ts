/**
 * The segmentation head: each point's features beside those of its cloud, through linear layers, to logits. The first layer's product is
 * split: a cloud's features meet their part of the weight once, and come to its points as a bias.
 */
import { type Maximum, type Part, PartMaximum } from '@dr2net/layers';
import { type Context, type Differentiable, holding, linear, type Parameter } from '@dr2net/ops';
import { add, concat, dispose, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { PartedRows } from './decoder-stage.ts';

/** What a cloud has besides its points: the class token, the maximum of each channel. */
export type Global = 'cls' | 'max';

/** The first weight in parts; owned by the caller. */
export interface HeadWeight {
  /** One a global. */
  readonly globals: readonly Tensor[];
  readonly own: Tensor;
}

export class PointHead {
  /**
   * @param weight [(globals + 1)·width, hidden] of the first linear layer
   * @param bias [hidden] of it, or null
   * @param after what follows it, where so many rows stand before those that it is given
   */
  constructor(
    readonly weight: Parameter,
    readonly bias: Parameter | null,
    readonly after: (firstRow: number) => Differentiable,
    readonly globals: readonly Global[],
  ) {}

  split(): HeadWeight {
    const [rows, hidden] = this.weight.shape as [number, number];
    const width = rows / (this.globals.length + 1);
    const at = (i: number) => slice(this.weight.variable, [i * width, 0], [width, hidden]);
    return { globals: this.globals.map((_, i) => at(i)), own: at(this.globals.length) };
  }

  /** What the globals [batch, width] bring to their clouds' points [batch, hidden], with the bias; null where there is neither. */
  brought(values: readonly Tensor[], { globals }: HeadWeight): Tensor | null {
    const bias = this.bias?.variable;
    if (values.length === 0) return bias ? reshape(bias, [1, -1]) : null;
    return tidy(() =>
      values
        .map((value, i) => linear.apply(value, globals[i]!, i === 0 ? bias : undefined))
        .reduce((sum, term) => add(sum, term)),
    );
  }

  /** Of `brought`, a cloud's share [hidden]; owned by the caller. */
  share(brought: Tensor | null, cloud: number): Tensor | undefined {
    if (!brought) return undefined;
    const row = Math.min(cloud, brought.shape[0]! - 1);
    return tidy(() => reshape(slice(brought, [row, 0], [1, -1]), [-1]));
  }

  /** Logits of some points [count, classes]. */
  applyPart(
    y: Tensor,
    { own, brought }: { readonly own: Tensor; readonly brought: Tensor | undefined },
    { from }: Part,
    context: Context,
  ): Tensor {
    return holding((held) => {
      const hidden = held.add(linear.apply(y, own, brought));
      const logits = this.after(from).apply(hidden, context);
      held.dispose();
      return logits;
    });
  }
}

/**
 * The maximum over each cloud's rows, [batch, width] each; owned by the caller.
 * @param beside what else is wanted in that place, borrowed; default the rows themselves
 */
export function maxima(
  { parts, rows }: PartedRows,
  clouds: number,
  points: number,
  beside?: (part: number) => Tensor,
): Maximum {
  return holding((held) => {
    const maximum = Array.from({ length: clouds }, () => held.add(new PartMaximum()));
    for (const [i, part] of parts.entries()) {
      const y = held.add(rows(i));
      maximum[Math.floor(part.from / points)]!.add(y, beside ? beside(i) : y, part);
      held.free(y);
    }
    const merged = maximum.map((each) => each.merge());
    const joined = tidy(() => {
      const of = (which: keyof Maximum) => concat(merged.map((each) => each[which]));
      return { value: of('value'), winner: of('winner'), beside: of('beside') };
    });
    dispose(merged.flatMap(({ value, winner, beside: other }) => [value, winner, other]));
    held.dispose();
    return joined;
  });
}
