/** `layerNorm` of `@dr2net/ops`, dry. */
import type { DryEngine, DryTensor } from '../engine.ts';
import { type DryLayer, type DryParameter, deliver, type Gradients } from '../layer.ts';
import { type KernelFamily, rowBlocks, sumOfRows } from './family.ts';

export interface LayerNormParts {
  readonly gain: DryParameter;
  readonly bias: DryParameter;
}

/** What the trace keeps besides x, and how the gradients are made of it. */
interface Normaliser {
  forward(x: DryTensor): { value: DryTensor; statistics: DryTensor[] };
  gradients(x: DryTensor, statistics: DryTensor[], dy: DryTensor): Gradients;
}

function loops(engine: DryEngine, { gain, bias }: LayerNormParts): Normaliser {
  return {
    forward: (x) => ({ value: engine.op(x.size, x), statistics: [engine.op((2 * x.size) / gain.size, x)] }),
    gradients: (x, _statistics, dy) => ({
      ...(gain.trainable && { gain: engine.op(gain.size, x, dy) }),
      ...(bias.trainable && { bias: engine.op(bias.size, x, dy) }),
      x: engine.op(x.size, x, dy),
    }),
  };
}

/** Our own kernels on wasm: one call; gain's and bias's gradients and room for sums come with it, wanted or not. */
function simd(engine: DryEngine, parts: LayerNormParts): Normaliser {
  const { gain, bias } = parts;
  return {
    forward(x) {
      const [value, statistics] = engine.ops([x.size, (2 * x.size) / gain.size], x);
      return { value: value!, statistics: [statistics!] };
    },
    gradients(x, _statistics, dy) {
      const [dGain, dBias, sums, dx] = engine.ops([gain.size, bias.size, 2 * gain.size + 2, x.size], x, dy);
      engine.free(sums, gain.trainable ? undefined : dGain, bias.trainable ? undefined : dBias);
      return { ...(gain.trainable && { gain: dGain }), ...(bias.trainable && { bias: dBias }), x: dx };
    },
  };
}

/** Our own operations on node: the gradients of gain and bias come with that of x, wanted or not. */
function own(engine: DryEngine, { gain, bias }: LayerNormParts): Normaliser {
  return {
    forward: (x) => ({ value: engine.op(x.size, x), statistics: [] }),
    gradients: (x, _statistics, dy) => {
      const [dx, dGain, dBias] = engine.ops([x.size, gain.size, bias.size], x, dy);
      engine.free(gain.trainable ? undefined : dGain, bias.trainable ? undefined : dBias);
      return { x: dx, ...(gain.trainable && { gain: dGain }), ...(bias.trainable && { bias: dBias }) };
    },
  };
}

/** Our own shaders: blocks of rows are summed for gain and bias together, whichever is wanted. */
function shaders(engine: DryEngine, { gain, bias }: LayerNormParts): Normaliser {
  return {
    forward(x) {
      const [value, statistics] = engine.ops([x.size, (2 * x.size) / gain.size], x, gain.tensor, bias.tensor);
      return { value: value!, statistics: [statistics!] };
    },
    gradients(x, statistics, dy) {
      const result: Gradients = {};
      if (gain.trainable || bias.trainable) {
        const blocks = rowBlocks(x.size / gain.size);
        const sums = engine.op(2 * blocks * gain.size, x, dy, ...statistics);
        const [dGain, dBias] = engine.after(engine.ops([gain.size, bias.size], sums), sums);
        if (gain.trainable) result.gain = dGain;
        else engine.free(dGain);
        if (bias.trainable) result.bias = dBias;
        else engine.free(dBias);
      }
      result.x = engine.op(x.size, x, dy, gain.tensor, ...statistics);
      return result;
    },
  };
}

function reference(engine: DryEngine, family: KernelFamily, { gain, bias }: LayerNormParts): Normaliser {
  const map = (...inputs: DryTensor[]) => engine.op(inputs[0]!.size, ...inputs);
  const mean = (x: DryTensor) => engine.op(x.size / gain.size, x);
  const normalised = (x: DryTensor, average: DryTensor, r: DryTensor) => {
    const centred = map(x, average);
    return engine.after(map(centred, r), centred);
  };
  return {
    forward(x) {
      const average = mean(x);
      const centred = map(x, average);
      const squared = engine.after(map(centred), centred);
      const variance = engine.after(mean(squared), squared);
      const shifted = engine.after(map(variance), variance);
      const r = engine.after(map(shifted), shifted);
      const hat = normalised(x, average, r);
      const scaled = engine.after(map(hat, gain.tensor), hat);
      return { value: engine.after(map(scaled, bias.tensor), scaled), statistics: [average, r] };
    },
    gradients(x, [average, r], dy) {
      const result: Gradients = {};
      if (bias.trainable) result.bias = sumOfRows(engine, family, dy, bias.size);
      const hat = normalised(x, average!, r!);
      if (gain.trainable) {
        const product = map(dy, hat);
        result.gain = engine.after(sumOfRows(engine, family, product, gain.size), product);
      }
      const g = map(dy, gain.tensor);
      const product = map(g, hat);
      const along = engine.after(mean(product), product);
      const offset = mean(g);
      const centred = engine.after(map(g, offset), g, offset);
      const projected = engine.after(map(hat, along), hat, along);
      const free = engine.after(map(centred, projected), centred, projected);
      result.x = engine.after(map(free, r!), free);
      return result;
    },
  };
}

/** `layerNorm` of `@dr2net/ops`, dry. */
export function dryLayerNorm(engine: DryEngine, family: KernelFamily, parts: LayerNormParts): DryLayer {
  const { gain, bias } = parts;
  const kernel =
    family.products === 'shaders'
      ? shaders(engine, parts)
      : family.products === 'simd'
        ? simd(engine, parts)
        : family.loops
          ? loops(engine, parts)
          : family.products === 'graphs'
            ? own(engine, parts)
            : reference(engine, family, parts);
  return {
    apply(x) {
      const { value, statistics } = kernel.forward(x);
      return engine.after(value, ...statistics);
    },
    trace(x) {
      const { value, statistics } = kernel.forward(x);
      const kept = engine.share(x);
      return {
        value,
        pullback: (dy, sink) => {
          const gradients = kernel.gradients(kept, statistics, dy);
          engine.free(kept, ...statistics);
          deliver(engine, gradients, { gain, bias }, sink);
          return gradients.x!;
        },
      };
    },
  };
}
