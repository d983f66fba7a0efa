/** A transformer's stem, dry: patches or tubelets to tokens, prefix tokens, positions (`input.ts`, `position.ts` of `@dr2net/layers`). */
import {
  affine,
  affineGradients,
  type DryEngine,
  type DryInputLayer,
  type DryLayer,
  type DryParameter,
  deliver,
  drySequential,
} from '@dr2net/memory';
import { type BlocksSpec, gridSide, timeSteps } from '../transformer/spec.ts';
import { dryDropout } from './masking.ts';
import type { Place } from './place.ts';

/** Pixels are kept and cut again for the weight's gradient. */
export function dryPatches(at: Pick<Place<BlocksSpec>, 'engine' | 'family' | 'take'>): DryInputLayer {
  const { engine, family, take } = at;
  const parts = { weight: take('stem.patch.weight'), bias: take('stem.patch.bias') };
  const apply: DryLayer['apply'] = (pixels) => {
    const cut = engine.op(pixels.size, pixels);
    return engine.after(affine(engine, family, cut, parts), cut);
  };
  return {
    apply,
    trace(pixels) {
      const value = apply(pixels);
      const kept = engine.share(pixels);
      const want = (name: 'x' | 'weight' | 'bias') => name !== 'x' && parts[name].trainable;
      return {
        value,
        pullback: () => {
          throw new Error('The dry stem gives no gradient of the pixels.');
        },
        parametersOnly: (dy, sink) => {
          const cut = engine.op(kept.size, kept);
          engine.free(affine(engine, family, cut, parts));
          const gradients = affineGradients(engine, family, cut, parts.weight, dy, want);
          engine.free(cut, kept);
          deliver(engine, gradients, parts, sink);
        },
      };
    },
  };
}

export function dryPrefixTokens(
  { engine, batch, spec: { width } }: Place<BlocksSpec>,
  tokens: readonly DryParameter[],
): DryLayer {
  const size = batch * tokens.length * width;
  const apply: DryLayer['apply'] = (x) => {
    const tiles = tokens.map((token) => engine.op(batch * width, token.tensor));
    return engine.after(engine.op(x.size + size, ...tiles, x), ...tiles);
  };
  return {
    apply,
    trace: (x) => ({
      value: apply(x),
      pullback: (dy, sink) => {
        for (const token of tokens) {
          const cut = engine.op(batch * width, dy);
          sink(token, engine.after(engine.op(width, cut), cut));
        }
        return engine.op(dy.size - size, dy);
      },
    }),
  };
}

type Samples = Pick<Place<BlocksSpec>, 'engine' | 'family' | 'batch'>;

/** Σ over the batch of a table's gradient; turned first where the backend sums along the last axis alone. */
export function sumOfSamples({ engine, family, batch }: Samples, dy: Parameters<DryLayer['apply']>[0]) {
  const sum = () => engine.op(dy.size / batch, dy);
  return family.turnsToSum ? engine.scratch([4 * dy.size], sum) : sum();
}

export function dryLearnedPosition(at: Samples, table: DryParameter): DryLayer {
  const { engine } = at;
  return {
    apply: (x) => engine.op(x.size, x, table.tensor),
    trace: (x) => ({
      value: engine.op(x.size, x, table.tensor),
      pullback: (dy, sink) => {
        sink(table, sumOfSamples(at, dy));
        return engine.share(dy);
      },
    }),
  };
}

function fixedPosition({ engine, tokens, spec: { width } }: Place): DryLayer {
  const table = engine.within('stem and head', () => engine.upload(tokens * width));
  return {
    apply: (x) => engine.op(x.size, x, table),
    trace: (x) => ({ value: engine.op(x.size, x, table), pullback: (dy) => engine.share(dy) }),
  };
}

function spaceTimePosition(at: Place, spatial: DryParameter, temporal: DryParameter): DryLayer {
  const { engine, spec, tokens } = at;
  const { width, prefix } = spec;
  const steps = timeSteps(spec);
  const places = gridSide(spec) ** 2;
  const all = steps * places * width;
  const apply: DryLayer['apply'] = (x) => {
    const space = engine.op(places * width, spatial.tensor);
    const tiled = engine.op(all, space);
    const patchTable = engine.op(all, tiled, temporal.tensor);
    const own = engine.op(prefix.length * width, spatial.tensor);
    const table = engine.op(tokens * width, own, patchTable);
    return engine.after(engine.op(x.size, x, table), space, tiled, patchTable, own, table);
  };
  return {
    apply,
    trace: (x) => ({
      value: apply(x),
      pullback: (dy, sink) => {
        const total = sumOfSamples(at, dy);
        const cut = engine.op(all, total);
        const own = engine.op(prefix.length * width, total);
        const sum = engine.op(places * width, cut);
        const dSpatial = engine.op(spatial.size, own, sum);
        const dTemporal = engine.op(temporal.size, cut);
        engine.free(total, cut, own, sum);
        sink(spatial, dSpatial);
        sink(temporal, dTemporal);
        return engine.share(dy);
      },
    }),
  };
}

/** Layers after a first one that takes pixels (`inputSequential` of `@dr2net/layers`). */
export function dryInputSequential(engine: DryEngine, first: DryInputLayer, rest: readonly DryLayer[]): DryInputLayer {
  const after = drySequential(engine, rest);
  return {
    apply(pixels) {
      const embedded = first.apply(pixels);
      return engine.after(after.apply(embedded), embedded);
    },
    trace(pixels) {
      const embedded = first.trace(pixels);
      const traced = after.trace(embedded.value);
      engine.free(embedded.value);
      return {
        value: traced.value,
        pullback: embedded.pullback,
        parametersOnly: (dy, sink) => {
          const gradient = traced.pullback(dy, sink);
          embedded.parametersOnly(gradient, sink);
          engine.free(gradient);
        },
      };
    },
  };
}

export function dryStem(at: Place): DryInputLayer {
  const { engine, spec, take } = at;
  const rest: DryLayer[] = [];
  if (spec.prefix.length > 0)
    rest.push(
      dryPrefixTokens(
        at,
        spec.prefix.map((token) => take(`stem.${token}`)),
      ),
    );
  if (spec.position === 'learned') rest.push(dryLearnedPosition(at, take('stem.position')));
  if (spec.position === 'space-time') rest.push(spaceTimePosition(at, take('stem.position'), take('stem.temporal')));
  if (spec.position === 'sinusoid') rest.push(fixedPosition(at));
  if (spec.dropout !== 0) rest.push(dryDropout(at));
  return dryInputSequential(engine, dryPatches(at), rest);
}
