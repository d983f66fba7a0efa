/** Layer normalisation by two operations of our own (native/kernels/layer_norm.cc), one pass each; the trace keeps x alone. */
import { dispose, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { after, hold } from '../engine.ts';
import { own as run } from '../native/own.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';

/** All three come in one pass, wanted or not. */
function gradients(x: Tensor, gain: Tensor, epsilon: number, dy: Tensor, wanted?: Wanted<Names>) {
  const operand = scalar(epsilon);
  const [dx, dGain, dBias] = run('Dr2netLayerNormGradient', [x, gain, dy, operand], 3);
  operand.dispose();
  const all: Record<Names, Tensor> = { x: dx!, gain: dGain!, bias: dBias! };
  if (wanted === undefined) return all;
  const some: Partial<Record<Names, Tensor>> = {};
  for (const name of Object.keys(all) as Names[]) {
    if (wanted[name]) some[name] = all[name];
    else dispose(all[name]);
  }
  return some;
}

export const own: LayerNormKernel = {
  apply(x, gain, bias, epsilon) {
    const operand = scalar(epsilon);
    const [value] = run('Dr2netLayerNorm', [x, gain, bias, operand], 1);
    return after(value!, operand);
  },
  trace(x, gain, bias, epsilon) {
    const value = own.apply(x, gain, bias, epsilon);
    const kept = [hold(x), hold(gain)] as const;
    const pullback: OpPullback<Names> = once('layerNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      gradients(...kept, epsilon, dy, wanted),
    );
    return { value, pullback };
  },
};
