/** Layer normalisation by our SIMD kernels on wasm; the trace keeps two numbers a row. */
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { hold } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import { layers } from '../simd/layers.ts';
import { float, onHeap } from '../simd/run.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';

function forward(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number) {
  const rows = x.size / gain.size;
  const outputs = [float(...x.shape), float(rows, 2)];
  const [value, statistics] = onHeap(layers, [x, gain, bias], outputs, ({ kernels }, [X, G, B], [Y, S]) =>
    kernels.layerNorm(X!, G!, B!, rows, gain.size, epsilon, Y!, S!),
  );
  return { value: value!, statistics: statistics! };
}

/** The sums over rows come with dx in one pass, wanted or not: they are vectors. */
function gradients(x: Tensor, gain: Tensor, statistics: Tensor, dy: Tensor, wanted?: Wanted<Names>) {
  const want = (name: Names) => wanted?.[name] ?? wanted === undefined;
  const width = gain.size;
  const outputs = [float(width), float(width), float(2 * width + 2), ...(want('x') ? [float(...x.shape)] : [])];
  const [dGain, dBias, scratch, dx] = onHeap(
    layers,
    [x, gain, statistics, dy],
    outputs,
    ({ kernels }, [X, G, S, D], [toGain, toBias, between, toX]) =>
      kernels.layerNormGradient(X!, G!, S!, D!, x.size / width, width, toX ?? 0, toGain!, toBias!, between!),
  );
  const all: Partial<Record<Names, Tensor>> = {};
  if (want('gain')) all.gain = dGain!;
  if (want('bias')) all.bias = dBias!;
  if (dx) all.x = dx;
  dispose([scratch!, ...(want('gain') ? [] : [dGain!]), ...(want('bias') ? [] : [dBias!])]);
  return all;
}

export const simd: LayerNormKernel = {
  apply(x, gain, bias, epsilon) {
    const { value, statistics } = forward(x, gain, bias, epsilon);
    statistics.dispose();
    return value;
  },
  trace(x, gain, bias, epsilon) {
    const { value, statistics } = forward(x, gain, bias, epsilon);
    const kept = [hold(x), hold(gain), hold(statistics)] as const;
    statistics.dispose();
    const pullback: OpPullback<Names> = once('layerNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      gradients(...kept, dy, wanted),
    );
    return { value, pullback };
  },
};
