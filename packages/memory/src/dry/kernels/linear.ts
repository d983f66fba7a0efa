/** `linear` and `linearGelu` of `@dr2net/ops`, dry. */
import type { DryEngine, DryTensor } from '../engine.ts';
import {
  type DryInputLayer,
  type DryLayer,
  type DryParameter,
  type DrySink,
  deliver,
  type Gradients,
} from '../layer.ts';
import { type KernelFamily, sumOfRows } from './family.ts';

export interface LinearParts {
  readonly weight: DryParameter;
  readonly bias: DryParameter | null;
}

type Want = (name: 'x' | 'weight' | 'bias') => boolean;

interface Sizes {
  readonly rows: number;
  readonly inner: number;
  readonly outer: number;
}

function sizes(x: DryTensor, weight: DryParameter): Sizes {
  const [inner, outer] = weight.shape as [number, number];
  return { rows: x.size / inner, inner, outer };
}

/** x·W + b. */
export function affine(
  engine: DryEngine,
  { products }: KernelFamily,
  x: DryTensor,
  { weight, bias }: LinearParts,
): DryTensor {
  const { rows, outer } = sizes(x, weight);
  if (products !== 'reference') return engine.op(rows * outer, x, weight.tensor, ...(bias ? [bias.tensor] : []));
  const flat = engine.op(rows * outer, x, weight.tensor);
  return bias ? engine.after(engine.op(rows * outer, flat, bias.tensor), flat) : flat;
}

/** The gradients for dy; x and the weight as the trace kept them. */
export function affineGradients(
  engine: DryEngine,
  family: KernelFamily,
  x: DryTensor,
  weight: DryParameter,
  dy: DryTensor,
  want: Want,
): Gradients {
  const { outer } = sizes(x, weight);
  const result: Gradients = {};
  if (family.products === 'shaders') {
    if (want('weight')) {
      const [dW, db] = engine.ops([weight.size, ...(want('bias') ? [outer] : [])], x, dy);
      result.weight = dW;
      if (db) result.bias = db;
    } else if (want('bias')) result.bias = engine.op(outer, dy);
    if (want('x')) result.x = engine.op(x.size, dy, weight.tensor);
    return result;
  }
  if (want('bias'))
    result.bias = family.products === 'simd' ? engine.op(outer, dy) : sumOfRows(engine, family, dy, outer);
  if (want('weight')) result.weight = engine.op(weight.size, x, dy);
  if (want('x')) result.x = engine.op(x.size, dy, weight.tensor);
  return result;
}

function wants({ weight, bias }: LinearParts): Want {
  return (name) => name === 'x' || (name === 'weight' ? weight.trainable : (bias?.trainable ?? false));
}

/** `linear` of `@dr2net/ops`, dry. */
export function dryLinear(engine: DryEngine, family: KernelFamily, parts: LinearParts): DryInputLayer {
  const { weight, bias } = parts;
  return {
    apply: (x) => affine(engine, family, x, parts),
    applyWithResidual(x, terms) {
      // WebGPU's shaders add the terms as they store, unless x's factor is 0.
      if (family.products === 'shaders' && terms.alpha !== 0)
        return engine.within('states', () => engine.op(terms.x.size, x, weight.tensor, terms.x, terms.previous));
      const f = affine(engine, family, x, parts);
      return engine.after(terms.update(f), f);
    },
    trace(x) {
      const value = affine(engine, family, x, parts);
      const kept = engine.share(x);
      const run = (dy: DryTensor, sink: DrySink, want: Want) => {
        const gradients = affineGradients(engine, family, kept, weight, dy, want);
        engine.free(kept);
        deliver(engine, gradients, { weight, bias }, sink);
        return gradients.x;
      };
      const want = wants(parts);
      return {
        value,
        pullback: (dy, sink) => run(dy, sink, want)!,
        parametersOnly: (dy, sink) => void run(dy, sink, (name) => name !== 'x' && want(name)),
      };
    },
  };
}

/** What the implementations of gelu(x·W + b) make, one after the other. */
interface GeluKernels {
  apply(x: DryTensor): DryTensor;
  trace(x: DryTensor): { value: DryTensor; slope: DryTensor };
  /** The gradient of the pre-activation, taking the slope over. */
  preActivation(slope: DryTensor, dy: DryTensor): DryTensor;
}

/** Our own kernels on wasm: the slope takes the product's place, and the pre-activation's gradient the slope's. */
function simdGelu(engine: DryEngine, family: KernelFamily, parts: LinearParts): GeluKernels {
  return {
    apply: (x) => affine(engine, family, x, parts),
    trace(x) {
      const slope = affine(engine, family, x, parts);
      return { slope, value: engine.op(slope.size, slope) };
    },
    preActivation: (slope) => slope,
  };
}

/** Our own shaders: the activation and its slope come out of the product. */
function shaderGelu(engine: DryEngine, { weight, bias }: LinearParts): GeluKernels {
  const inputs = [weight.tensor, ...(bias ? [bias.tensor] : [])];
  const hidden = (x: DryTensor) => (x.size / weight.shape[0]!) * weight.shape[1]!;
  return {
    apply: (x) => engine.op(hidden(x), x, ...inputs),
    trace(x) {
      const [value, slope] = engine.ops([hidden(x), hidden(x)], x, ...inputs);
      return { value: value!, slope: slope! };
    },
    preActivation: (slope, dy) => engine.after(engine.op(dy.size, dy, slope), slope),
  };
}

/** A graph with our own operation: value or slope take the product's place inside. */
function graphGelu(engine: DryEngine, { weight, bias }: LinearParts): GeluKernels {
  const inputs = [weight.tensor, ...(bias ? [bias.tensor] : [])];
  const hidden = (x: DryTensor) => engine.op((x.size / weight.shape[0]!) * weight.shape[1]!, x, ...inputs);
  return {
    apply: hidden,
    trace: (x) => ({ slope: hidden(x), value: hidden(x) }),
    preActivation: (slope) => slope,
  };
}

function referenceGelu(engine: DryEngine, family: KernelFamily, parts: LinearParts): GeluKernels {
  const map = (...inputs: DryTensor[]) => engine.op(inputs[0]!.size, ...inputs);
  const step = (x: DryTensor) => engine.after(map(x), x);
  /** Φ(x) */
  const normal = (x: DryTensor) => step(step(step(map(x))));
  return {
    apply(x) {
      const z = affine(engine, family, x, parts);
      const phi = normal(z);
      return engine.after(map(z, phi), phi, z);
    },
    trace(x) {
      const z = affine(engine, family, x, parts);
      const phi = normal(z);
      const value = map(z, phi);
      const density = step(step(step(map(z))));
      const rise = engine.after(map(z, density), density);
      const slope = engine.after(map(phi, rise), phi, rise);
      return engine.after({ value, slope }, z);
    },
    preActivation: (slope, dy) => engine.after(map(dy, slope), slope),
  };
}

function geluKernels(engine: DryEngine, family: KernelFamily, parts: LinearParts): GeluKernels {
  if (family.products === 'simd') return simdGelu(engine, family, parts);
  if (family.products === 'shaders') return shaderGelu(engine, parts);
  return family.products === 'graphs' ? graphGelu(engine, parts) : referenceGelu(engine, family, parts);
}

function geluGradients(
  engine: DryEngine,
  family: KernelFamily,
  kernels: GeluKernels,
  parts: LinearParts,
  kept: { x: DryTensor; slope: DryTensor },
  dy: DryTensor,
): Gradients {
  const { weight } = parts;
  const want = wants(parts);
  if (family.products === 'graphs') {
    const made = engine.scratch([4 * kept.slope.size], () => affineGradients(engine, family, kept.x, weight, dy, want));
    return engine.after(made, kept.slope, kept.x);
  }
  const dz = kernels.preActivation(kept.slope, dy);
  return engine.after(affineGradients(engine, family, kept.x, weight, dz, want), dz, kept.x);
}

/** gelu(x·W + b); the trace keeps x and the slope. */
export function dryLinearGelu(engine: DryEngine, family: KernelFamily, parts: LinearParts): DryLayer {
  const { weight, bias } = parts;
  // Built at each call: a parameter's tensor changes as it learns.
  const kernels = () => geluKernels(engine, family, parts);
  return {
    apply: (x) => kernels().apply(x),
    trace(x) {
      const { value, slope } = kernels().trace(x);
      const kept = { x: engine.share(x), slope };
      return {
        value,
        pullback: (dy: DryTensor, sink: DrySink) => {
          const gradients = geluGradients(engine, family, kernels(), parts, kept, dy);
          deliver(engine, gradients, { weight, bias }, sink);
          return gradients.x!;
        },
      };
    },
  };
}
