/** The segmentation head, dry, in parts (`point/head.ts`, `point/head-forward.ts`, `point/head-gradient.ts`). */
import {
  affine,
  affineGradients,
  type DryLayer,
  type DryParameter,
  type DrySink,
  DrySums,
  type DryTensor,
  dryLayerNorm,
  dryLinear,
  drySequential,
  sumOfRows,
} from '@dr2net/memory';
import { dryDropout } from '../masking.ts';
import type { DryTracedStage } from './decoder-stage.ts';
import { dryRelu } from './layers.ts';
import { dryMaxima, type Maxima, spreadMaximum } from './maxima.ts';
import type { DryPicked, DryRowTaker } from './normed-rows.ts';
import { concatenated, masked } from './operations.ts';
import { type PointPlace, weightOf } from './place.ts';
import { DryTotal } from './total.ts';

/** What a pass makes of the clouds. */
interface Clouds {
  readonly globals: readonly DryParameter[];
  readonly own: DryParameter;
  readonly most: Maxima | null;
  readonly values: readonly DryTensor[];
  readonly brought: DryTensor | null;
}

export class DryPointHead {
  readonly #weight: DryParameter;
  readonly #bias: DryParameter | null;
  readonly #after: DryLayer;

  constructor(private readonly at: PointPlace) {
    const { engine, family, take, spec } = at;
    const last = spec.head.hidden.length;
    const bias = (i: number) => (i === last ? take(`head.${i}.bias`) : null);
    this.#weight = take('head.0.weight');
    this.#bias = bias(0);
    const layers = spec.head.hidden.flatMap((_, i): DryLayer[] => [
      dryLayerNorm(engine, family, { gain: take(`head.${i}.norm.gain`), bias: take(`head.${i}.norm.bias`) }),
      dryRelu(at),
      ...(spec.head.dropout > 0 ? [dryDropout(at)] : []),
      dryLinear(engine, family, { weight: take(`head.${i + 1}.weight`), bias: bias(i + 1) }),
    ]);
    this.#after = drySequential(engine, layers);
  }

  #cloudsOf(cls: DryTensor, rows: DryTracedStage): Clouds {
    const { engine, family, spec } = this.at;
    const names = spec.decoder.globals;
    const hidden = this.#weight.shape[1]!;
    const slice = () =>
      weightOf(engine.op(spec.width * hidden, this.#weight.tensor), [spec.width, hidden], this.#weight.trainable);
    const globals = names.map(slice);
    const own = slice();
    const most = names.includes('max') ? dryMaxima(this.at, rows) : null;
    const values = names.map((name) => (name === 'cls' ? cls : most!.value));
    const terms = values.map((value, i) =>
      affine(engine, family, value, { weight: globals[i]!, bias: i === 0 ? this.#bias : null }),
    );
    const [first, second] = terms;
    if (first && second)
      return { globals, own, most, values, brought: engine.after(engine.op(first.size, ...terms), ...terms) };
    const brought = first ?? (this.#bias && engine.share(this.#bias.tensor));
    return { globals, own, most, values, brought };
  }

  /** A cloud's share of what the globals brought, in the bias's place. */
  #share({ brought }: Clouds): DryParameter | null {
    if (!brought) return null;
    const hidden = this.#weight.shape[1]!;
    return weightOf(this.at.engine.op(hidden, brought), [1, hidden]);
  }

  #logits(rows: DryTracedStage, clouds: Clouds): DryTensor {
    const { engine, family } = this.at;
    const made = rows.parts.map((_, part) => {
      const y = rows.rows(part);
      const bias = this.#share(clouds);
      const hidden = affine(engine, family, y, { weight: clouds.own, bias });
      const logits = this.#after.apply(hidden);
      return engine.after(logits, y, bias?.tensor, hidden);
    });
    return engine.after(concatenated(this.at, made), ...made);
  }

  trace(clsBorrowed: DryTensor, rows: DryTracedStage) {
    const { engine } = this.at;
    const cls = engine.share(clsBorrowed);
    const clouds = this.#cloudsOf(cls, rows);
    const value = this.#logits(rows, clouds);
    const pull = (dy: DryTensor, sink: DrySink, below: (taker: DryRowTaker) => void): DryTensor => {
      const made = this.#pull(rows, clouds, dy, sink, below);
      const { globals, own, most, brought } = clouds;
      engine.free(...globals.map(({ tensor }) => tensor), own.tensor, brought ?? undefined, cls);
      if (most) engine.free(most.value, most.winner, most.beside);
      return made;
    };
    return { value, pull };
  }

  #pull(
    rows: DryTracedStage,
    clouds: Clouds,
    dy: DryTensor,
    sink: DrySink,
    below: (taker: DryRowTaker) => void,
  ): DryTensor {
    const { engine, family, batch, spec } = this.at;
    const trains = this.#weight.trainable;
    const after = new DrySums(engine, family);
    const own = new DryTotal(this.at, true);
    const perCloud = rows.parts.length / batch;
    const brought = Array.from({ length: batch }, () => new DryTotal(this.at));
    const points = rows.parts.reduce((sum, count) => sum + count, 0);

    const gradient = (part: number, y: DryTensor): DryTensor => {
      const bias = this.#share(clouds);
      const hidden = affine(engine, family, y, { weight: clouds.own, bias });
      const traced = this.#after.trace(hidden);
      engine.free(traced.value, hidden);
      const dLogits = engine.op((dy.size / points) * rows.parts[part]!, dy);
      const dHidden = traced.pullback(dLogits, after.sink);
      const d = affineGradients(engine, family, y, clouds.own, dHidden, (name) =>
        name === 'x' ? true : name === 'weight' ? trains : bias !== null,
      );
      if (d.weight) own.add(d.weight);
      if (d.bias) brought[Math.floor(part / perCloud)]!.add(d.bias);
      return engine.after(d.x!, bias?.tensor, dLogits, dHidden);
    };

    const hidden = this.#weight.shape[1]!;
    const weights: DryTensor[] = [];
    const values: DryTensor[] = [];
    let dBrought: DryTensor | undefined;
    let ofMaxima: DryTensor | undefined;
    const picked = (): DryPicked | null => {
      if (!clouds.brought) return null;
      const each = brought.map((total) => total.release());
      dBrought = engine.after(concatenated(this.at, each), ...each);
      for (const [i, value] of clouds.values.entries()) {
        const d = affineGradients(engine, family, value, clouds.globals[i]!, dBrought, (name) =>
          name === 'x' ? true : name === 'weight' && trains,
        );
        values.push(d.x!);
        if (d.weight) weights.push(d.weight);
      }
      const { most } = clouds;
      if (!most) return null;
      const dMost = masked(this.at, values[spec.decoder.globals.indexOf('max')]!, most.value);
      ofMaxima = dMost;
      return { z: most.beside, dy: dMost, of: (part) => spreadMaximum(this.at, most.winner, dMost, rows.parts[part]!) };
    };

    below({ gradient, picked });
    after.handOn(sink);
    if (this.#bias?.trainable && dBrought) sink(this.#bias, sumOfRows(engine, family, dBrought, hidden));
    const ownWeight = trains ? own.release() : undefined;
    if (ownWeight) {
      const parts = [...weights, ownWeight];
      sink(this.#weight, engine.after(concatenated(this.at, parts), ...parts));
    }
    const cls = spec.decoder.globals.indexOf('cls');
    const result = cls < 0 ? engine.op(batch * spec.width) : engine.share(values[cls]!);
    return engine.after(result, ...values, dBrought, ofMaxima);
  }
}
