/** The two ways in which a layer runs, dry: what `apply` and `trace` of `@dr2net/ops` are for tensors with values. */
import type { DryEngine, DryTensor } from './engine.ts';

/** A parameter that has a size and no values. */
export interface DryParameter {
  /** Elements. */
  readonly size: number;
  readonly shape: readonly number[];
  tensor: DryTensor;
  trainable: boolean;
}

/** Owns the gradient. */
export type DrySink = (parameter: DryParameter, gradient: DryTensor) => void;

/** What a dry layer gives when it keeps what its pullback needs. */
export interface DryTraced {
  readonly value: DryTensor;
  readonly pullback: DryPullback;
}

/** Once; frees what the trace kept. `dy` is borrowed. */
export type DryPullback = (dy: DryTensor, sink: DrySink) => DryTensor;

/** α·x + β·previous, which a layer's output is added to (`ResidualTerms` of `@dr2net/ops`). */
export interface DryTerms {
  readonly x: DryTensor;
  readonly previous: DryTensor;
  readonly alpha: number;
  /** The sum with an output f, which is borrowed. */
  update(f: DryTensor): DryTensor;
}

/** A layer, dry: `apply` keeps nothing, `trace` what its pullback needs. */
export interface DryLayer {
  apply(x: DryTensor): DryTensor;
  /** Where the last operation is a product: its input is alive until the sum is there. */
  applyWithResidual?(x: DryTensor, terms: DryTerms): DryTensor;
  trace(x: DryTensor): DryTraced;
  /** Forward and back in parts, where there is more than one. */
  revisit?(x: DryTensor, dy: DryTensor, sink: DrySink): { readonly value: DryTensor; readonly gradient: DryTensor };
  /** Set for one that multiplies by factors, and what it trains. */
  readonly diagonal?: { readonly trains: boolean };
}

/** A layer whose pullback can leave the gradient of its input out. */
export interface DryInputLayer extends DryLayer {
  trace(x: DryTensor): DryTraced & { readonly parametersOnly: (dy: DryTensor, sink: DrySink) => void };
}

/** Gradients of an op by input, those that were wanted. */
export type Gradients = Record<string, DryTensor | undefined>;

/** A layer of one op: the parameters' gradients to the sink in the order of `owners`, the input's is left over. */
export function deliver(
  engine: DryEngine,
  gradients: Gradients,
  owners: Readonly<Record<string, DryParameter | null>>,
  sink: DrySink,
): void {
  for (const [name, owner] of Object.entries(owners)) {
    const gradient = gradients[name];
    if (!gradient) continue;
    if (owner) sink(owner, gradient);
    else engine.free(gradient);
  }
}

/** `revisitAll` of `@dr2net/layers`. */
function revisitAll(
  engine: DryEngine,
  layers: readonly DryLayer[],
  at: number,
  x: DryTensor,
  dy: DryTensor,
  sink: DrySink,
) {
  const arrived = new Map<DryLayer, DryTensor>();
  let d = engine.share(dy);
  for (const layer of layers.slice(at + 1).reverse()) {
    const below = layer.apply(d);
    if (layer.diagonal?.trains) arrived.set(layer, d);
    else engine.free(d);
    d = below;
  }
  const before = drySequential(engine, layers.slice(0, at)).trace(x);
  const middle = layers[at]!.revisit!(before.value, d, sink);
  engine.free(before.value, d);
  let { value } = middle;
  for (const layer of layers.slice(at + 1)) {
    const upper = arrived.get(layer);
    const traced = upper && layer.trace(value);
    value = engine.after(traced?.value ?? layer.apply(value), value);
    if (traced) engine.free(traced.pullback(upper, sink), upper);
  }
  return { value, gradient: engine.after(before.pullback(middle.gradient, sink), middle.gradient) };
}

/** Layers one after the other (`sequential` of `@dr2net/layers`). */
export function drySequential(engine: DryEngine, layers: readonly DryLayer[]): DryLayer {
  const at = layers.findIndex(({ revisit }) => revisit !== undefined);
  const applyAll = (all: readonly DryLayer[], x: DryTensor): DryTensor => {
    let value = engine.share(x);
    for (const layer of all) value = engine.after(layer.apply(value), value);
    return value;
  };
  const last = layers.at(-1);
  return {
    ...(last?.applyWithResidual && {
      applyWithResidual(x: DryTensor, terms: DryTerms) {
        const before = applyAll(layers.slice(0, -1), x);
        return engine.after(last.applyWithResidual!(before, terms), before);
      },
    }),
    ...(at >= 0 &&
      layers.slice(at + 1).every(({ diagonal }) => diagonal) && {
        revisit: (x: DryTensor, dy: DryTensor, sink: DrySink) => revisitAll(engine, layers, at, x, dy, sink),
      }),
    apply: (x) => applyAll(layers, x),
    trace(x) {
      const pullbacks: DryPullback[] = [];
      let value = engine.share(x);
      for (const layer of layers) {
        const traced = layer.trace(value);
        engine.free(value);
        value = traced.value;
        pullbacks.push(traced.pullback);
      }
      return {
        value,
        pullback: (dy, sink) => {
          let gradient = engine.share(dy);
          for (let pullback = pullbacks.pop(); pullback; pullback = pullbacks.pop()) {
            const upper = gradient;
            gradient = pullback(upper, sink);
            engine.free(upper);
          }
          return gradient;
        },
      };
    },
  };
}
