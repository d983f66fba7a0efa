/** The head's trace: kept are one row a cloud, and the weight; the backward pass makes the parts again. */
import { type PickedGradient, Sums, Total, take } from '@dr2net/layers';
import { type Context, type Held, holding, linear, neighbourMax, once, relu, type Sink } from '@dr2net/ops';
import { concat, reshape, scalar, slice, sub, sum, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import type { PointHead } from './head.ts';
import { type Clouds, cloudsOf, type HeadInput, logitsOf } from './head-forward.ts';
import type { StageTaker } from './stage-gradient.ts';

/** The backward pass, as the stage below asks for it: the parts' gradients, then those of the maxima, then `finish`. */
class HeadGradient implements StageTaker {
  readonly #after: Sums;
  readonly #own: Total;
  /** Of what the globals brought to each cloud. */
  readonly #brought: Total[];
  /** Gradients of the globals, of their parts of the weight, and of what they brought. */
  #globals: { readonly weights: Tensor[]; readonly values: Tensor[]; readonly brought: Tensor } | undefined;

  constructor(
    private readonly head: PointHead,
    private readonly input: HeadInput,
    private readonly clouds: Clouds,
    private readonly dy: Tensor,
    private readonly context: Context,
    private readonly sink: Sink,
    private readonly held: Held,
  ) {
    this.#after = held.add(new Sums(sink));
    this.#own = held.add(new Total(sink.summing));
    this.#brought = Array.from({ length: input.batch }, () => held.add(new Total()));
  }

  readonly gradient = (i: number, y: Tensor): Tensor =>
    holding((inner) => {
      const { head, clouds, context } = this;
      const part = this.input.rows.parts[i]!;
      const cloud = Math.floor(part.from / this.input.points);
      const bias = head.share(clouds.brought, cloud);
      if (bias) inner.add(bias);
      const hidden = inner.add(linear.apply(y, clouds.weight.own, bias));
      const after = head.after(part.from).trace(hidden, context);
      inner.add(after.pullback);
      after.value.dispose();
      inner.free(hidden);
      const dLogits = inner.add(take(this.dy, part));
      const dHidden = inner.add(after.pullback(dLogits, this.#after.sink));
      const wanted = { x: true, weight: head.weight.trainable, bias: bias !== undefined };
      const d = linear.gradients(y, clouds.weight.own, dHidden, wanted);
      inner.add(d.x!);
      if (d.bias) inner.add(d.bias);
      if (d.weight) this.#own.add(d.weight);
      if (d.bias) this.#brought[cloud]!.add(inner.release(d.bias));
      inner.release(d.x!);
      inner.dispose();
      return d.x!;
    });

  /** Once all parts have given theirs: what the globals get, of which the maxima's goes to the points that have them. */
  readonly picked = (): PickedGradient | null => {
    const { head, held, clouds } = this;
    if (!clouds.brought) return null;
    const ofClouds = this.#brought.map((total) => held.add(total.release()));
    const dBrought = held.add(tidy(() => concat(ofClouds.map((each) => reshape(each, [1, -1])))));
    held.free(...ofClouds);
    const [weights, values]: Tensor[][] = [[], []];
    for (const [i, value] of clouds.values.entries()) {
      const wanted = { x: true, weight: head.weight.trainable };
      const d = linear.gradients(value, clouds.weight.globals[i]!, dBrought, wanted);
      values!.push(held.add(d.x!));
      if (d.weight) weights!.push(held.add(d.weight));
    }
    this.#globals = { weights: weights!, values: values!, brought: dBrought };
    const { most } = clouds;
    if (!most) return null;
    const dy = held.add(relu.gradient(values![head.globals.indexOf('max')]!, most.value));
    return { z: most.beside, dy, of: (i) => this.#spread(i, most.winner, dy) };
  };

  /** What the points of a part get of their cloud's maximum [count, width]. */
  #spread(i: number, winner: Tensor, dy: Tensor): Tensor {
    const { from, count } = this.input.rows.parts[i]!;
    const cloud = Math.floor(from / this.input.points);
    return tidy(() => {
      const row = (x: Tensor) => reshape(slice(x, [cloud, 0], [1, -1]), [-1]);
      return neighbourMax.gradient(sub(row(winner), scalar(from, 'int32')), row(dy), count);
    });
  }

  /** Hands the parameters' gradients on and gives that of the class tokens, owned by the caller. */
  finish(): Tensor {
    const { head, held, sink } = this;
    this.#after.handOn();
    if (head.bias?.trainable) sink(head.bias, sum(this.#globals!.brought, 0));
    if (head.weight.trainable) {
      const own = held.add(this.#own.release());
      const whole = this.#globals ? concat([...this.#globals.weights, own], 0) : held.release(own);
      held.free(own, ...(this.#globals?.weights ?? []));
      sink(head.weight, whole);
    }
    const cls = head.globals.indexOf('cls');
    return cls < 0 ? zeros(this.input.cls.shape) : held.release(this.#globals!.values[cls]!);
  }
}

export interface TracedHead {
  /** [batch, points, classes]; owned by the caller. */
  readonly value: Tensor;
  /** Runs `below` with what the rows' gradients are asked of, and gives that of the class tokens. Frees what was kept. */
  readonly pull: (dy: Tensor, sink: Sink, below: (taker: StageTaker) => void) => Tensor;
  dispose(): void;
}

/** Frees nothing of `input`, which must live until the backward pass has run. */
export function traceHead(head: PointHead, input: HeadInput, context: Context): TracedHead {
  return holding((kept) => {
    const cls = kept.keep(kept.share(input.cls));
    const own = { ...input, cls };
    const clouds = cloudsOf(head, own, kept);
    const value = logitsOf(head, own, clouds, context);
    const run = (dy: Tensor, sink: Sink, below: (taker: StageTaker) => void) =>
      holding((held) => {
        const gradient = new HeadGradient(head, own, clouds, dy, context, sink, held);
        below(gradient);
        const dCls = gradient.finish();
        held.dispose();
        return dCls;
      });
    const pull = once('the head', [kept], run);
    return { value, pull, dispose: pull.dispose };
  });
}
